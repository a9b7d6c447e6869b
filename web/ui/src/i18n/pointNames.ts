import type { Language } from '../format/format';

// Names of what devices have and measure. Keys of points are words of a common
// vocabulary; a word that is not here is shown as it stands.

const viComponents: Record<string, string> = {
  input: 'Đầu vào', output: 'Đầu ra', bypass: 'Bypass', battery: 'Ắc quy', string: 'Chuỗi', cell: 'Bình', inlet: 'Ngõ vào', phase: 'Pha', bank: 'Nhánh',
  breaker: 'Máy cắt', outlet: 'Ổ cắm', 'outlet-group': 'Nhóm ổ cắm', sensor: 'Cảm biến', module: 'Mô-đun', fan: 'Quạt', compressor: 'Máy nén', pump: 'Bơm', valve: 'Van',
  circuit: 'Mạch', engine: 'Động cơ', fuel: 'Nhiên liệu', 'supply-air': 'Gió cấp', 'return-air': 'Gió hồi', 'chilled-water': 'Nước lạnh', supply: 'cấp', return: 'hồi', generator: 'Máy phát',
  source: 'Nguồn', unit: 'Khối', rack: 'Tủ rack', 'power-supply': 'Bộ nguồn', utility: 'Điện lưới', load: 'Tải', contact: 'Tiếp điểm', door: 'Cửa', leak: 'Rò rỉ', zone: 'Vùng', group: 'Nhóm', alarm: 'Cảnh báo', air: 'Không khí', water: 'Nước', tank: 'Bồn', transformer: 'Máy biến áp', rope: 'Dây dò', 'starter-battery': 'Ắc quy khởi động', containment: 'Ngăn luồng khí', cooling: 'Làm mát', 'rack-inlet': 'Đầu vào tủ rack', filter: 'Bộ lọc',
};

const viQuantities: Record<string, string> = {
  current: 'Dòng điện', voltage: 'Điện áp', power: 'Công suất tác dụng', 'apparent-power': 'Công suất biểu kiến', 'reactive-power': 'Công suất phản kháng', energy: 'Điện năng',
  'export-energy': 'Điện năng phát ra', 'total-energy': 'Tổng điện năng', 'reactive-energy': 'Điện năng phản kháng', 'apparent-energy': 'Điện năng biểu kiến', 'power-factor': 'Hệ số công suất', 'cos-phi': 'cos φ',
  load: 'Tải', charge: 'Mức sạc', runtime: 'Thời gian lưu điện', temperature: 'Nhiệt độ', humidity: 'Độ ẩm tương đối', 'dew-point': 'Nhiệt độ điểm sương', 'wet-bulb': 'Nhiệt độ bầu ướt', frequency: 'Tần số',
  state: 'Tình trạng', status: 'Tình trạng', mode: 'Chế độ', setpoint: 'Giá trị đặt', 'temperature-setpoint': 'Nhiệt độ đặt', 'humidity-setpoint': 'Độ ẩm đặt', speed: 'Tốc độ', position: 'Độ mở', level: 'Mức', flow: 'Lưu lượng', airflow: 'Lưu lượng gió', pressure: 'Áp suất', 'differential-pressure': 'Chênh áp',
  'run-time': 'Thời gian chạy', 'run-hours': 'Giờ chạy', capacity: 'Công suất lạnh', cooling: 'Công suất lạnh', 'cooling-output': 'Công suất lạnh', efficiency: 'Hiệu suất', 'load-state': 'Tình trạng tải', 'on-battery': 'Đang chạy ắc quy', 'on-battery-time': 'Thời gian chạy ắc quy',
  'rated-power': 'Công suất định mức', 'rated-voltage': 'Điện áp định mức', 'rated-current': 'Dòng điện định mức', 'rated-frequency': 'Tần số định mức', 'rated-apparent-power': 'Công suất biểu kiến định mức', 'average-voltage': 'Điện áp trung bình', 'average-current': 'Dòng điện trung bình', 'average-line-voltage': 'Điện áp dây trung bình',
  'voltage-thd': 'Độ méo sóng hài điện áp', 'current-thd': 'Độ méo sóng hài dòng điện', unbalance: 'Mất cân bằng pha', 'voltage-unbalance': 'Mất cân bằng điện áp', 'current-unbalance': 'Mất cân bằng dòng điện', 'oil-pressure': 'Áp suất dầu', 'coolant-temperature': 'Nhiệt độ nước làm mát', starts: 'Số lần khởi động',
  'peak-power': 'Công suất đỉnh', 'peak-current': 'Dòng điện đỉnh', 'power-demand': 'Phụ tải đỉnh', enabled: 'Cho phép', present: 'Có mặt', leak: 'Rò rỉ nước', door: 'Cửa', contact: 'Tiếp điểm', alarm: 'Cảnh báo', source: 'Nguồn đang dùng', 'selected-source': 'Nguồn đang dùng', 'preferred-source': 'Nguồn ưu tiên', breaker: 'Máy cắt', resistance: 'Điện trở', distance: 'Khoảng cách', 'leak-distance': 'Vị trí rò rỉ',
  'supply-temperature': 'Nhiệt độ cấp', 'return-temperature': 'Nhiệt độ hồi', 'delta-temperature': 'Chênh nhiệt độ', uptime: 'Thời gian hoạt động', health: 'Tình trạng ắc quy', 'replace-battery': 'Cần thay ắc quy', 'outlet-temperature': 'Nhiệt độ đầu ra', 'inlet-temperature': 'Nhiệt độ đầu vào', wiring: 'Cách đấu dây', 'bad-lines': 'Số lần lưới lỗi', 'alarms-present': 'Số cảnh báo đang có', 'test-result': 'Kết quả thử ắc quy', 'network-type': 'Loại lưới', 'genset-start': 'Lệnh khởi động máy phát', 'source-priority': 'Nguồn ưu tiên', test: 'Thử', cycles: 'Số lần chuyển', 'phase-angle': 'Góc pha', 'export-reactive-energy': 'Điện năng phản kháng phát ra', 'total-reactive-energy': 'Tổng điện năng phản kháng', 'oil-temperature': 'Nhiệt độ dầu', output: 'Đầu ra', demand: 'Nhu cầu', 'contact-state': 'Tình trạng tiếp điểm', 'active-power-source': 'Nguồn đang dùng', 'rated-capacity': 'Dung lượng định mức', 'dew-point-temperature': 'Nhiệt độ điểm sương',
};

const viStates: Record<string, string> = {
  on: 'Bật', off: 'Tắt', normal: 'Bình thường', ok: 'Bình thường', good: 'Tốt', alarm: 'Cảnh báo', warning: 'Cần chú ý', critical: 'Nghiêm trọng', failed: 'Hỏng', failure: 'Hỏng', fault: 'Lỗi', error: 'Lỗi', clear: 'Không có', set: 'Có', active: 'Đang có', inactive: 'Không có',
  yes: 'Có', no: 'Không', open: 'Mở', closed: 'Đóng', unknown: 'Không rõ', 'on battery': 'Đang chạy ắc quy', 'on line': 'Chạy trực tuyến', online: 'Chạy trực tuyến', 'on bypass': 'Đang ở bypass', bypass: 'Bypass', none: 'Không có', other: 'Khác', overload: 'Quá tải', 'near overload': 'Gần quá tải', 'low load': 'Tải thấp',
  'not installed': 'Không lắp', low: 'Thấp', high: 'Cao', depleted: 'Cạn', 'battery normal': 'Ắc quy bình thường', 'battery low': 'Ắc quy yếu', 'battery depleted': 'Ắc quy cạn', running: 'Đang chạy', stopped: 'Đã dừng', standby: 'Chờ', disabled: 'Không dùng', enabled: 'Đang dùng', charging: 'Đang sạc', discharging: 'Đang xả', resting: 'Nghỉ', floating: 'Sạc nổi', 'float charging': 'Sạc nổi',
  auto: 'Tự động', manual: 'Bằng tay', tripped: 'Đã nhảy', 'not available': 'Không có sẵn', available: 'Sẵn sàng', booster: 'Tăng áp', reducer: 'Giảm áp', dry: 'Khô', wet: 'Ướt', leak: 'Rò rỉ nước', 'leak detected': 'Phát hiện rò rỉ nước', 'no leak': 'Không rò rỉ', ready: 'Sẵn sàng', 'not ready': 'Chưa sẵn sàng', 'not implemented': 'Không hỗ trợ', undervoltage: 'Điện áp thấp', overvoltage: 'Điện áp cao', 'source a': 'Nguồn A', 'source b': 'Nguồn B', passed: 'Đạt', aborted: 'Bị hủy', replace: 'Cần thay', 'in progress': 'Đang thực hiện', 'under threshold': 'Dưới ngưỡng', 'not active': 'Không có', present: 'Có mặt', 'passed with warning': 'Đạt, có cảnh báo', 'no test made': 'Chưa thử', 'remote control': 'Điều khiển từ xa', inhibit: 'Bị khóa', 'position 0': 'Vị trí 0', 'position 1': 'Vị trí 1', 'position 2': 'Vị trí 2', network: 'Lưới', 'source 1': 'Nguồn 1', 'source 2': 'Nguồn 2', stop: 'Dừng', 'test on load': 'Thử có tải', 'test off load': 'Thử không tải', 'auto with manual restore': 'Tự động, khôi phục bằng tay', 'user configuration': 'Do người dùng cấu hình', 'pre-start': 'Chuẩn bị khởi động', 'warming up': 'Đang làm ấm', 'cooling down': 'Đang làm nguội', 'stopped after run': 'Đã dừng sau khi chạy', 'post run': 'Chạy thêm', shutdown: 'Dừng máy', 'electrical trip': 'Nhảy do điện', 'inactive indication': 'Không chỉ báo', 'active indication': 'Có chỉ báo', idle: 'Không tải',
};

function humanise(word: string): string {
  const text = word.replace(/-/g, ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A part of a device: "battery/string/2" is "Battery · String 2". */
export function componentName(component: string, language: Language): string {
  const names: string[] = [];
  for (const part of component.split('/')) {
    const isNumber = /^\d+$/.test(part);
    const last = names.length - 1;
    if (isNumber && last >= 0) names[last] = `${names[last] ?? ''} ${part}`;
    else if (/^(L[123]|N)(-(L[123]|N))?$/.test(part)) names.push(part);
    else names.push(language === 'vi' ? (viComponents[part] ?? humanise(part)) : humanise(part));
  }
  return names.join(' · ');
}

/** Whether somebody named the point on the device: the label is not made of its key. */
function hasOwnLabel(point: { key: string; label: string }): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
  const label = plain(point.label);
  return label !== '' && label !== plain(point.key) && label !== plain(point.key.split('/').slice(0, -1).join(' '));
}

/** What a point measures, without the part that it belongs to. */
export function pointName(point: { key: string; label: string }, language: Language): string {
  const parts = point.key.split('/');
  const last = parts.at(-1) ?? point.key;
  const word = /^\d+$/.test(last)
    ? componentName(parts.slice(-2).join('/'), language)
    : language === 'vi' ? (viQuantities[last] ?? humanise(last)) : humanise(last);
  return hasOwnLabel(point) ? `${point.label} · ${word}` : word;
}

/** A point with its part, for charts: "Inlet 1 · L1: Current". */
export function fullPointName(point: { key: string; label: string; component: string }, language: Language): string {
  const name = pointName(point, language);
  return point.component ? `${componentName(point.component, language)}: ${name}` : name;
}

/** The text of a state, which devices' profiles write in English. */
export function stateName(text: string, language: Language): string {
  if (language === 'vi') return viStates[text.toLowerCase()] ?? text;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const viCounters: Record<string, string> = {
  connections: 'kết nối', exceptions: 'trả lời ngoại lệ', foreign_answers: 'trả lời lạ', malformed_answers: 'trả lời hỏng',
  requests: 'yêu cầu', answers: 'trả lời', timeouts: 'quá thời gian chờ', poll_failures: 'Lần thu thập lỗi', polls: 'Lần thu thập', polls_skipped: 'Lần thu thập bị bỏ qua', late_answers: 'trả lời muộn',
  samples_lost: 'Mẫu bị mất', samples_received: 'Mẫu đã nhận', samples_rejected: 'Mẫu bị từ chối', samples_spooled: 'Mẫu chờ trên đĩa', samples_stored: 'Mẫu đã lưu',
};

/** A counter of the collector. */
export function counterName(counter: string, language: Language): string {
  const [, protocol, rest] = /^(snmp|modbus)_(.*)$/.exec(counter) ?? [undefined, undefined, counter];
  const name = (language === 'vi' && viCounters[rest]) || rest.replaceAll('_', ' ');
  if (protocol) return `${protocol === 'snmp' ? 'SNMP' : 'Modbus'}: ${name}`;
  return name.charAt(0).toUpperCase() + name.slice(1);
}
