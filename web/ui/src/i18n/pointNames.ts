import type { Language } from '../format/format';
import { vietnameseTitle } from './vietnamese';

// Names of what devices have and measure. Keys of points are words of a common
// vocabulary; a word that is not here is shown as it stands.

const viComponents: Record<string, string> = {
  input: 'Đầu vào', output: 'Đầu ra', bypass: 'Bypass', battery: 'Ắc quy', string: 'Chuỗi', cell: 'Bình', inlet: 'Ngõ vào', phase: 'Pha', bank: 'Nhánh',
  breaker: 'Máy cắt', outlet: 'Ổ cắm', 'outlet-group': 'Nhóm ổ cắm', sensor: 'Cảm biến', module: 'Mô-đun', fan: 'Quạt', compressor: 'Máy nén', pump: 'Bơm', valve: 'Van',
  circuit: 'Mạch', engine: 'Động cơ', fuel: 'Nhiên liệu', 'supply-air': 'Gió cấp', 'return-air': 'Gió hồi', 'chilled-water': 'Nước lạnh', supply: 'cấp', return: 'hồi', generator: 'Máy phát',
  source: 'Nguồn', unit: 'Khối', rack: 'Tủ rack', 'power-supply': 'Bộ nguồn', utility: 'Điện lưới', load: 'Tải', contact: 'Tiếp điểm', door: 'Cửa', leak: 'Rò rỉ', zone: 'Vùng', group: 'Nhóm', alarm: 'Cảnh báo', air: 'Không khí', water: 'Nước', tank: 'Bồn', transformer: 'Máy biến áp', rope: 'Dây dò', 'starter-battery': 'Ắc quy khởi động', containment: 'Ngăn luồng khí', cooling: 'Làm mát', 'rack-inlet': 'Đầu vào tủ rack', filter: 'Bộ lọc',
  rectifier: 'Bộ chỉnh lưu', rectifiers: 'Các bộ chỉnh lưu', meter: 'Đồng hồ đo', relay: 'Rơle', channel: 'Kênh', power: 'Nguồn điện', pdu: 'PDU', internal: 'Bên trong', inverter: 'Bộ nghịch lưu', 'ip-sensor': 'Cảm biến IP', total: 'Tổng',
  auxiliary: 'Phụ trợ', 'branch-monitor': 'Giám sát mạch nhánh', branch: 'Mạch nhánh', ups: 'UPS', 'analog-input': 'Đầu vào tương tự', analog: 'Tương tự', 'io-expander': 'Bộ mở rộng vào/ra', io: 'Vào/ra', ambient: 'Môi trường',
  shunt: 'Shunt', climate: 'Khí hậu', bus: 'Thanh cái', 'dc-bus': 'Thanh cái một chiều', probe: 'Đầu dò', control: 'Điều khiển', controller: 'Bộ điều khiển', heater: 'Bộ sưởi', 'electric-heater': 'Bộ sưởi điện', point: 'Điểm đo',
  panel: 'Tủ phân phối', ac: 'Điều hòa', 'air-conditioner': 'Điều hòa', humidifier: 'Bộ tạo ẩm', dehumidifier: 'Bộ hút ẩm', reading: 'Giá trị đo', parallel: 'Song song', negative: 'Cực âm', positive: 'Cực dương', enclosure: 'Vỏ tủ',
  cabinet: 'Tủ', discharge: 'Đầu đẩy', suction: 'Đầu hút', converter: 'Bộ biến đổi', converters: 'Các bộ biến đổi', 'static-switch': 'Chuyển mạch tĩnh', mains: 'Điện lưới', line: 'Dây pha', 'airflow-sensor': 'Cảm biến lưu lượng gió',
  'temperature-sensor': 'Cảm biến nhiệt độ', 'dew-point-sensor': 'Cảm biến điểm sương', 'smoke-detector': 'Đầu báo khói', smoke: 'Khói', room: 'Phòng', charger: 'Bộ sạc', 'quiet-mode': 'Chế độ yên lặng', row: 'Dãy tủ',
  watchdog: 'Giám sát', 'sensor-battery': 'Pin cảm biến', signal: 'Tín hiệu', wireless: 'Không dây', distribution: 'Phân phối', 'battery-cabinet': 'Tủ ắc quy', 'battery-frame': 'Khung ắc quy', heating: 'Sưởi', system: 'Hệ thống',
  switchgear: 'Tủ đóng cắt', 'dew-point': 'Điểm sương', virtual: 'Ảo', lock: 'Khóa', handle: 'Tay khóa', 'battery-test': 'Thử ắc quy', condenser: 'Dàn ngưng', 'condenser-fan': 'Quạt dàn ngưng', evaporator: 'Dàn bay hơi',
  'evaporator-fan': 'Quạt dàn bay hơi', cable: 'Cáp', 'fan-controller': 'Bộ điều khiển quạt', thd: 'Độ méo sóng hài', remote: 'Từ xa', 'power-module': 'Mô-đun nguồn', fuse: 'Cầu chì', rcm: 'Giám sát dòng rò', dc: 'Một chiều',
  security: 'An ninh', tariff: 'Biểu giá', front: 'Mặt trước', rear: 'Mặt sau', 'free-cooling': 'Làm mát tự nhiên', 'cooling-setpoint': 'Giá trị đặt làm mát', 'supply-air-setpoint': 'Giá trị đặt gió cấp',
  'condensate-pump': 'Bơm nước ngưng', event: 'Sự kiện', node: 'Nút', solar: 'Điện mặt trời', 'signal-tower': 'Đèn tháp', function: 'Chức năng', 'hot-water': 'Nước nóng', mode: 'Chế độ', outdoor: 'Ngoài trời',
  'outside-air': 'Gió ngoài trời', 'communication-bus': 'Bus truyền thông', communication: 'Truyền thông', alarms: 'Cảnh báo', drive: 'Biến tần', 'compressor-drive': 'Biến tần máy nén', inbuilt: 'Lắp sẵn', 'power-source': 'Nguồn điện',
  'ip-device': 'Thiết bị IP', temperature: 'Nhiệt độ', coolant: 'Nước làm mát', operation: 'Vận hành', heatsink: 'Tản nhiệt', damper: 'Van gió', pack: 'Khối ắc quy', 'input-contact': 'Tiếp điểm vào', 'dry-contact': 'Tiếp điểm khô',
  'leak-rope': 'Dây dò rò rỉ', 'coil-fluid': 'Chất lỏng dàn trao đổi', humidification: 'Tạo ẩm', dehumidification: 'Hút ẩm', test: 'Thử', 'cold-aisle': 'Lối lạnh', 'hot-aisle': 'Lối nóng', siren: 'Còi', beacon: 'Đèn báo',
  redundancy: 'Dự phòng', subsystem: 'Hệ thống con', transfer: 'Chuyển nguồn', reheat: 'Sưởi lại', vibration: 'Rung', fire: 'Cháy',
  'io-unit': 'Khối vào/ra', 'digital-input': 'Đầu vào số', 'digital-output': 'Đầu ra số', 'dc-input': 'Đầu vào một chiều', 'ac-input': 'Đầu vào xoay chiều', monitor: 'Bộ giám sát', symmetry: 'Đối xứng',
  modules: 'Các mô-đun', lvd: 'Ngắt khi điện áp thấp', solars: 'Các bộ sạc điện mặt trời', winds: 'Các bộ sạc điện gió', wind: 'Bộ sạc điện gió', 'control-system': 'Hệ thống điều khiển',
  'rectifier-group': 'Nhóm bộ chỉnh lưu', 'converter-group': 'Nhóm bộ biến đổi', access: 'Kiểm soát ra vào', lithium: 'Ắc quy lithium', inverters: 'Các bộ nghịch lưu', contactor: 'Công tắc tơ', fuses: 'Các cầu chì',
  equalize: 'Sạc cân bằng', boost: 'Sạc tăng cường', 'fast-charge': 'Sạc nhanh', 'earth-fault': 'Chạm đất', 'heat-exchanger': 'Bộ trao đổi nhiệt', 'surge-arrester': 'Chống sét', midpoint: 'Điểm giữa',
  'current-limit': 'Giới hạn dòng điện', slot: 'Khe cắm', measurement: 'Giá trị đo', 'current-monitor': 'Giám sát dòng điện', 'load-fuse': 'Cầu chì tải', 'battery-fuse': 'Cầu chì ắc quy', discharging: 'Đang xả',
  environment: 'Môi trường', initial: 'Ban đầu', final: 'Cuối',
  ohe: 'Bộ trao đổi nhiệt', feed: 'Nguồn cấp',
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
  value: 'Giá trị', percent: 'Phần trăm', 'current-status': 'Tình trạng dòng điện', 'voltage-status': 'Tình trạng điện áp', 'power-status': 'Tình trạng công suất', 'frequency-status': 'Tình trạng tần số',
  'temperature-status': 'Tình trạng nhiệt độ', 'humidity-status': 'Tình trạng độ ẩm', 'crest-factor': 'Hệ số đỉnh', 'link-state': 'Tình trạng đường truyền', 'heat-index': 'Chỉ số nhiệt', volume: 'Thể tích', 'voltage-peak': 'Điện áp đỉnh',
  'current-peak': 'Dòng điện đỉnh', duration: 'Thời lượng', 'ambient-temperature': 'Nhiệt độ môi trường', 'operating-time': 'Thời gian vận hành', 'power-temperature': 'Nhiệt độ phần công suất', 'alarm-state': 'Tình trạng cảnh báo',
  'temperature-alarm': 'Cảnh báo nhiệt độ', 'humidity-alarm': 'Cảnh báo độ ẩm', 'dew-point-alarm': 'Cảnh báo điểm sương', 'voltage-alarm': 'Cảnh báo điện áp', count: 'Số lượng', 'residual-current': 'Dòng rò',
  'residual-current-dc': 'Dòng rò một chiều', fuse: 'Cầu chì', communication: 'Truyền thông', 'communication-lost': 'Mất truyền thông', 'voltage-max': 'Điện áp lớn nhất', 'max-voltage': 'Điện áp lớn nhất',
  'voltage-min': 'Điện áp nhỏ nhất', 'min-voltage': 'Điện áp nhỏ nhất', 'current-max': 'Dòng điện lớn nhất', 'resettable-energy': 'Điện năng từ lần đặt lại', 'voltage-state': 'Tình trạng điện áp',
  'temperature-state': 'Tình trạng nhiệt độ', charging: 'Đang sạc', overload: 'Quá tải', hardware: 'Phần cứng', type: 'Loại', 'air-velocity': 'Tốc độ gió', velocity: 'Tốc độ', 'over-temperature': 'Quá nhiệt', overtemperature: 'Quá nhiệt',
  general: 'Chung', time: 'Thời gian', errors: 'Số lỗi', 'nominal-voltage': 'Điện áp danh định', 'nominal-frequency': 'Tần số danh định', 'dc-current': 'Dòng điện một chiều', 'dc-voltage': 'Điện áp một chiều', preferred: 'Nguồn ưu tiên',
  selected: 'Nguồn đang dùng', fan: 'Quạt', condition: 'Tình trạng', 'flow-control-state': 'Tình trạng điều khiển lưu lượng', 'outlet-current': 'Dòng điện ổ cắm', 'neutral-current': 'Dòng điện trung tính', 'phase-current': 'Dòng điện pha',
  'charge-current': 'Dòng sạc', 'discharge-current': 'Dòng xả', 'fan-speed': 'Tốc độ quạt', filter: 'Bộ lọc', communicating: 'Đang truyền thông', wetness: 'Độ ướt', remote: 'Từ xa', replace: 'Cần thay', difference: 'Chênh lệch',
  fault: 'Lỗi', 'general-fault': 'Lỗi chung', failure: 'Hỏng', failed: 'Hỏng', 'low-voltage': 'Điện áp thấp', 'high-voltage': 'Điện áp cao', utilisation: 'Mức sử dụng', inhibit: 'Khóa', 'valve-setting': 'Độ mở đặt của van',
  'valve-position': 'Độ mở van', input: 'Đầu vào', 'high-pressure': 'Áp suất cao', 'low-pressure': 'Áp suất thấp', start: 'Khởi động', 'lock-state': 'Tình trạng khóa', 'humidity-low': 'Độ ẩm thấp', 'humidity-high': 'Độ ẩm cao',
  'fail-cause': 'Nguyên nhân lỗi', 'main-load': 'Tải chính', packs: 'Số khối ắc quy', 'bypass-switch': 'Công tắc bypass', inverter: 'Bộ nghịch lưu', low: 'Thấp', 'charger-fault': 'Lỗi bộ sạc', 'data-status': 'Tình trạng dữ liệu',
  'time-on-battery': 'Thời gian chạy ắc quy', standby: 'Chờ', smoke: 'Khói', 'phase-sequence': 'Thứ tự pha', 'not-redundant': 'Mất dự phòng', 'internal-failure': 'Lỗi bên trong', 'sensor-failure': 'Lỗi cảm biến', motion: 'Chuyển động',
  vibration: 'Rung', water: 'Nước', fire: 'Cháy', heater: 'Bộ sưởi', humidifier: 'Bộ tạo ẩm', compressor: 'Máy nén', pump: 'Bơm', valve: 'Van', relay: 'Rơle', battery: 'Ắc quy', 'high-temperature': 'Nhiệt độ cao',
  'low-temperature': 'Nhiệt độ thấp', 'return-air-temperature': 'Nhiệt độ gió hồi', 'supply-air-temperature': 'Nhiệt độ gió cấp', 'battery-low': 'Ắc quy yếu', 'low-battery': 'Ắc quy yếu',
  'voltage-difference': 'Chênh lệch điện áp', 'remaining-capacity': 'Dung lượng còn lại', 'used-capacity': 'Dung lượng đã dùng', discharged: 'Điện lượng đã xả', charged: 'Điện lượng đã nạp', banks: 'Số nhóm ắc quy',
  strings: 'Số chuỗi ắc quy', 'set-voltage': 'Điện áp đặt', 'target-voltage': 'Điện áp đích', imbalance: 'Mất cân bằng', result: 'Kết quả', configured: 'Số đã cấu hình', 'outage-time': 'Thời gian mất điện',
  'failed-phases': 'Số pha mất', 'fan-failure': 'Quạt hỏng', 'id-conflict': 'Trùng địa chỉ', 'under-voltage': 'Điện áp thấp', 'over-voltage': 'Quá áp', 'short-circuit': 'Ngắn mạch', 'current-low': 'Dòng điện thấp',
  'current-high': 'Dòng điện cao', mains: 'Điện lưới', phases: 'Số pha', 'battery/capacity': 'Dung lượng', 'string/capacity': 'Dung lượng', 'lithium/capacity': 'Dung lượng', 'rectifiers/capacity': 'Dòng điện khả dụng',
  'converters/capacity': 'Dòng điện khả dụng', 'online-capacity': 'Dòng điện đang khả dụng', 'load-apparent': 'Tải theo công suất biểu kiến',
  'operating-mode': 'Chế độ vận hành', 'max-temperature': 'Nhiệt độ lớn nhất', 'min-temperature': 'Nhiệt độ nhỏ nhất', 'suction-pressure': 'Áp suất hút', 'discharge-pressure': 'Áp suất đẩy',
  'displacement-power-factor': 'Hệ số công suất cơ bản', 'line-voltage-unbalance': 'Mất cân bằng điện áp dây', 'inrush-current': 'Dòng khởi động', 'last-transfer-cause': 'Nguyên nhân chuyển nguồn gần nhất',
  'humidity-state': 'Tình trạng độ ẩm', 'service-interval': 'Chu kỳ bảo dưỡng',
};

const viStates: Record<string, string> = {
  on: 'Bật', off: 'Tắt', normal: 'Bình thường', ok: 'Bình thường', good: 'Tốt', alarm: 'Cảnh báo', warning: 'Cần chú ý', critical: 'Nghiêm trọng', failed: 'Hỏng', failure: 'Hỏng', fault: 'Lỗi', error: 'Lỗi', clear: 'Không có', set: 'Có', active: 'Đang có', inactive: 'Không có',
  yes: 'Có', no: 'Không', open: 'Mở', closed: 'Đóng', unknown: 'Không rõ', 'on battery': 'Đang chạy ắc quy', 'on line': 'Chạy trực tuyến', online: 'Chạy trực tuyến', 'on bypass': 'Đang ở bypass', bypass: 'Bypass', none: 'Không có', other: 'Khác', overload: 'Quá tải', 'near overload': 'Gần quá tải', 'low load': 'Tải thấp',
  'not installed': 'Không lắp', low: 'Thấp', high: 'Cao', depleted: 'Cạn', 'battery normal': 'Ắc quy bình thường', 'battery low': 'Ắc quy yếu', 'battery depleted': 'Ắc quy cạn', running: 'Đang chạy', stopped: 'Đã dừng', standby: 'Chờ', disabled: 'Không dùng', enabled: 'Đang dùng', charging: 'Đang sạc', discharging: 'Đang xả', resting: 'Nghỉ', floating: 'Sạc nổi', 'float charging': 'Sạc nổi',
  auto: 'Tự động', manual: 'Bằng tay', tripped: 'Đã nhảy', 'not available': 'Không có sẵn', available: 'Sẵn sàng', booster: 'Tăng áp', reducer: 'Giảm áp', dry: 'Khô', wet: 'Ướt', leak: 'Rò rỉ nước', 'leak detected': 'Phát hiện rò rỉ nước', 'no leak': 'Không rò rỉ', ready: 'Sẵn sàng', 'not ready': 'Chưa sẵn sàng', 'not implemented': 'Không hỗ trợ', undervoltage: 'Điện áp thấp', overvoltage: 'Điện áp cao', 'source a': 'Nguồn A', 'source b': 'Nguồn B', passed: 'Đạt', aborted: 'Bị hủy', replace: 'Cần thay', 'in progress': 'Đang thực hiện', 'under threshold': 'Dưới ngưỡng', 'not active': 'Không có', present: 'Có mặt', 'passed with warning': 'Đạt, có cảnh báo', 'no test made': 'Chưa thử', 'remote control': 'Điều khiển từ xa', inhibit: 'Bị khóa', 'position 0': 'Vị trí 0', 'position 1': 'Vị trí 1', 'position 2': 'Vị trí 2', network: 'Lưới', 'source 1': 'Nguồn 1', 'source 2': 'Nguồn 2', stop: 'Dừng', 'test on load': 'Thử có tải', 'test off load': 'Thử không tải', 'auto with manual restore': 'Tự động, khôi phục bằng tay', 'user configuration': 'Do người dùng cấu hình', 'pre-start': 'Chuẩn bị khởi động', 'warming up': 'Đang làm ấm', 'cooling down': 'Đang làm nguội', 'stopped after run': 'Đã dừng sau khi chạy', 'post run': 'Chạy thêm', shutdown: 'Dừng máy', 'electrical trip': 'Nhảy do điện', 'inactive indication': 'Không chỉ báo', 'active indication': 'Có chỉ báo', idle: 'Không tải',
  'high warning': 'Cao, mức chú ý', 'low warning': 'Thấp, mức chú ý', 'high critical': 'Cao, mức nghiêm trọng', 'low critical': 'Thấp, mức nghiêm trọng', 'no status': 'Không có tình trạng', 'sensor error': 'Lỗi cảm biến',
  protection: 'Bảo vệ', rebooting: 'Đang khởi động lại', pending: 'Đang chờ', disconnected: 'Mất kết nối', connected: 'Đã kết nối', 'relay on': 'Rơle đóng', 'relay off': 'Rơle mở', 'no authority': 'Không có quyền',
  'off to protect from overload': 'Tắt để tránh quá tải', lost: 'Mất', 'not present': 'Không có mặt', 'no communication': 'Mất truyền thông', 'lost comm': 'Mất truyền thông', 'communication lost': 'Mất truyền thông',
  'connection lost': 'Mất kết nối', alert: 'Báo động', 'pre-alert': 'Báo động sớm', acknowledged: 'Đã xác nhận', dismissed: 'Đã bỏ qua', reading: 'Đang đọc', unavailable: 'Không có sẵn', conflict: 'Xung đột', 'low alarm': 'Cảnh báo thấp',
  'high alarm': 'Cảnh báo cao', 'alarm high': 'Cảnh báo cao', 'alarm low': 'Cảnh báo thấp', 'not connected': 'Chưa kết nối', 'fuse blown': 'Cháy cầu chì', purged: 'Đã xóa', settling: 'Đang ổn định', 'not found': 'Không tìm thấy',
  'read error': 'Lỗi đọc', 'power error': 'Lỗi nguồn', 'breaker tripped': 'Máy cắt đã nhảy', 'under limit': 'Dưới giới hạn', 'over limit': 'Trên giới hạn', 'memory failure': 'Lỗi bộ nhớ', 'profile error': 'Lỗi hồ sơ', 'on ok': 'Bật, tốt',
  'off ok': 'Tắt, tốt', 'on fail': 'Bật không được', 'off fail': 'Tắt không được', undefined: 'Không xác định', 'minor alarm': 'Cảnh báo nhẹ', 'major alarm': 'Cảnh báo nặng', 'minor and major alarm': 'Cảnh báo nhẹ và nặng',
  opened: 'Đã mở', missing: 'Thiếu', battery: 'Ắc quy', detected: 'Phát hiện', 'not detected': 'Không phát hiện', 'too high': 'Quá cao', 'too low': 'Quá thấp', 'major low': 'Thấp, nặng', 'minor low': 'Thấp, nhẹ', 'major high': 'Cao, nặng',
  'minor high': 'Cao, nhẹ', minor: 'Nhẹ', major: 'Nặng', cycling: 'Đang tắt rồi bật', 'power cycling': 'Đang tắt rồi bật', 'output low': 'Đầu ra mức thấp', 'output high': 'Đầu ra mức cao', event: 'Sự kiện', locked: 'Đã khóa',
  unlocked: 'Đã mở khóa', 'not applicable': 'Không áp dụng', break: 'Đứt', 'partially unavailable': 'Thiếu một phần', alarmed: 'Đang cảnh báo', 'not fitted': 'Không lắp', boost: 'Sạc tăng cường', buck: 'Giảm áp',
  'above upper critical': 'Trên ngưỡng nghiêm trọng', 'above upper warning': 'Trên ngưỡng chú ý', 'below lower warning': 'Dưới ngưỡng chú ý', 'below lower critical': 'Dưới ngưỡng nghiêm trọng', 'upper critical': 'Trên ngưỡng nghiêm trọng',
  'upper warning': 'Trên ngưỡng chú ý', 'lower warning': 'Dưới ngưỡng chú ý', 'lower critical': 'Dưới ngưỡng nghiêm trọng', removed: 'Đã tháo', shorted: 'Ngắn mạch', automatic: 'Tự động', 'out of range': 'Ngoài dải',
  'outside of limits': 'Ngoài giới hạn', smoke: 'Có khói', 'no smoke': 'Không có khói', mains: 'Điện lưới', line: 'Điện lưới', fire: 'Cháy', inverter: 'Bộ nghịch lưu', 'no alarm': 'Không có cảnh báo', float: 'Sạc nổi',
  equalize: 'Sạc cân bằng', 'over current': 'Quá dòng', 'under current': 'Thiếu dòng', 'near over current': 'Gần quá dòng', 'over voltage': 'Quá áp', 'under voltage': 'Thấp áp', 'over temperature': 'Quá nhiệt', degraded: 'Suy giảm',
  info: 'Thông tin', informational: 'Thông tin', 'eco mode': 'Chế độ tiết kiệm', eco: 'Tiết kiệm', 'battery test': 'Thử ắc quy', 'self test': 'Tự thử', 'self test failed': 'Tự thử không đạt', testing: 'Đang thử',
  'test in progress': 'Đang thử', invalid: 'Không hợp lệ', valid: 'Hợp lệ', changed: 'Đã thay đổi', 'hardware error': 'Lỗi phần cứng', 'maintenance bypass': 'Bypass bảo trì', abnormal: 'Bất thường', bad: 'Xấu', 'breaker off': 'Máy cắt mở',
  vibration: 'Có rung', 'no vibration': 'Không rung', down: 'Mất', up: 'Hoạt động', okay: 'Bình thường', under: 'Dưới', over: 'Trên', reserved: 'Dành riêng', 'not responding': 'Không trả lời', 'no reply': 'Không trả lời',
  responding: 'Đang trả lời', indeterminate: 'Không xác định', 'free cooling': 'Làm mát tự nhiên', sleeping: 'Ngủ', weak: 'Yếu', positive: 'Dương', negative: 'Âm', zero: 'Không', backup: 'Dự phòng', 'power on': 'Bật nguồn',
  'shut down': 'Đã dừng', 'not supported': 'Không hỗ trợ', 'internal failure': 'Lỗi bên trong', free: 'Trống', 'switching off': 'Đang tắt', 'switching on': 'Đang bật', 'about to go on': 'Sắp bật', 'about to go off': 'Sắp tắt',
  left: 'Trái', right: 'Phải', inhibited: 'Bị khóa', 'not charging': 'Không sạc', 'held open': 'Bị giữ mở', 'forced open': 'Bị mở cưỡng bức', emergency: 'Khẩn cấp', 'in sync': 'Đồng bộ', 'out of sync': 'Mất đồng bộ', brownout: 'Sụt áp',
  blackout: 'Mất điện', 'single phase': 'Một pha', 'split phase': 'Pha chia', 'three phases delta': 'Ba pha tam giác', 'three phases star': 'Ba pha sao', service: 'Bảo dưỡng', 'redundancy lost': 'Mất dự phòng', operating: 'Đang vận hành',
  'not running': 'Không chạy', 'no output': 'Không có đầu ra', 'output off': 'Đầu ra tắt', 'fan failed': 'Quạt hỏng', 'no data yet': 'Chưa có dữ liệu', activated: 'Đã kích hoạt', exceeded: 'Vượt ngưỡng', scheduled: 'Theo lịch',
  'not active alarm': 'Không có cảnh báo', 'no change': 'Không đổi', 'no transfer': 'Chưa chuyển nguồn', 'high line voltage': 'Điện áp lưới cao', 'lost redundancy': 'Mất dự phòng', 'fully redundant': 'Đủ dự phòng',
  discharge: 'Đang xả', charge: 'Đang sạc', 'float charge': 'Sạc nổi', 'boost charge': 'Sạc tăng cường', 'not configured': 'Chưa cấu hình', starting: 'Đang bắt đầu', stopping: 'Đang dừng', 'locked out': 'Bị khóa',
  'ac failed': 'Mất điện xoay chiều', interrupted: 'Gián đoạn', 'not used': 'Không dùng', energized: 'Có điện', 'not energized': 'Không có điện', vacant: 'Trống', empty: 'Trống', 'communication failed': 'Mất truyền thông',
  'voltage high': 'Điện áp cao', 'voltage low': 'Điện áp thấp', full: 'Đầy', 'critical alarm': 'Cảnh báo nghiêm trọng', registered: 'Đã đăng ký', 'not failed': 'Không hỏng', 'alarm ended': 'Cảnh báo đã hết',
  'switched off': 'Đã tắt', 'fast charge': 'Sạc nhanh',
  'no battery needs replacing': 'Không có ắc quy nào cần thay', 'no fault': 'Không có lỗi', 'invalid test': 'Lần thử không hợp lệ', primary: 'Chính', secondary: 'Phụ', na: 'Không có', 'n/a': 'Không có', 'not tested': 'Chưa thử',
  unmanaged: 'Không quản lý',
};

/** A word of a key in Vietnamese: from the lists above, else put together from its words. */
function inVietnamese(list: Record<string, string>, word: string): string {
  return list[word] ?? vietnameseTitle(word.replace(/-/g, ' ')) ?? humanise(word);
}

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
    else names.push(language === 'vi' ? inVietnamese(viComponents, part) : humanise(part));
  }
  return names.join(' · ');
}

const plainWords = (text: string) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);

/**
 * What somebody named the point on the device, without the quantity that
 * profiles put behind it ("Feed A current"); empty for a label that is made of
 * words of the key.
 */
export function ownLabel(point: { key: string; label: string }): string {
  const quantity = plainWords(point.key.split('/').at(-1) ?? '');
  const label = plainWords(point.label);
  const tail = label.slice(-quantity.length);
  const behind = quantity.length > 0 && tail.length === quantity.length && tail.every((word, i) => word === quantity[i]);
  const own = behind ? label.slice(0, -quantity.length) : label;
  const key = new Set(plainWords(point.key));
  if (own.every((word) => key.has(word))) return '';
  if (!behind) return point.label;
  let text = point.label.trimEnd();
  for (let i = 0; i < quantity.length; i++) text = text.replace(/[^\p{L}\p{N}]*[\p{L}\p{N}]+[^\p{L}\p{N}]*$/u, '');
  return text;
}

/** The last word of a key with the part that it belongs to: the capacity of a battery is no cooling capacity. */
function owned(parts: string[]): string {
  return parts.filter((part) => !/^\d+$/.test(part)).slice(-2).join('/');
}

interface Named {
  key: string;
  label: string;
  /** The label is in the words of the device profile; nobody gave it. */
  label_of_profile?: boolean;
}

/** Words of a profile as they stand alone, in the language of the reader. */
export function profileText(text: string, language: Language): string {
  return (language === 'vi' && vietnameseTitle(text)) || text.charAt(0).toUpperCase() + text.slice(1);
}

/** A label as it is shown: a name that somebody gave stays what it is; "Outlet 2" of "outlet/2/switch" is nobody's. */
export function labelText(named: Pick<Named, 'label' | 'label_of_profile'> & { key?: string }, language: Language): string {
  const key = new Set(plainWords(named.key ?? ''));
  return named.label_of_profile || plainWords(named.label).every((word) => key.has(word)) ? profileText(named.label, language) : named.label;
}

// Parts that only number what the device lists: their labels are the names.
const listed = /^(?:reading|measurement|point)(?=\/[^/]+$)/;

/** The part under which a point stands in lists; what is only numbered stands together. */
export function groupOf(component: string): string {
  return listed.exec(component)?.[0] ?? component;
}

// A number of these is only the row of a table, which stands nowhere on the
// device, and other than the number in the name that the device gives: row 2
// of an APC UPS is "Outlet Group 1", after the main group.
const calledByName = /^outlet-group\/[^/]+$/;

function givenName(point: Named, component: string): string {
  return calledByName.test(component) && !point.label_of_profile ? ownLabel(point) : '';
}

/** The part that a point belongs to: as the device calls it, where only that name is known to people. */
export function partName(point: Named & { component: string }, language: Language): string {
  return givenName(point, point.component) || componentName(point.component, language);
}

/** What a point measures, without the part that it belongs to. */
export function pointName(point: Named, language: Language): string {
  const parts = point.key.split('/');
  const last = parts.at(-1) ?? point.key;
  const word = /^\d+$/.test(last)
    ? componentName(parts.slice(-2).join('/'), language)
    : language === 'vi' ? (viQuantities[owned(parts)] ?? inVietnamese(viQuantities, last)) : humanise(last);
  const own = givenName(point, parts.slice(0, -1).join('/')) ? '' : ownLabel(point);
  if (own && point.label_of_profile) return labelText(point, language);
  if (own && listed.test(parts.slice(0, -1).join('/'))) return own;
  return own ? `${own} · ${word}` : word;
}

/** A point with its part, for charts: "Inlet 1 · L1: Current". */
export function fullPointName(point: Named & { component: string }, language: Language): string {
  const name = pointName(point, language);
  return point.component && !(listed.test(point.component) && point.label) ? `${partName(point, language)}: ${name}` : name;
}

/** The text of a state, which devices' profiles write in English. */
export function stateName(text: string, language: Language): string {
  if (language === 'vi') return viStates[text.toLowerCase()] ?? vietnameseTitle(text) ?? text;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const viCounters: Record<string, string> = {
  connections: 'kết nối', exceptions: 'trả lời ngoại lệ', foreign_answers: 'trả lời lạ', malformed_answers: 'trả lời hỏng',
  requests: 'yêu cầu', answers: 'trả lời', timeouts: 'quá thời gian chờ', poll_failures: 'Lần thu thập lỗi', polls: 'Lần thu thập', polls_skipped: 'Lần thu thập bị bỏ qua', late_answers: 'trả lời muộn',
  samples_lost: 'Mẫu bị mất', samples_received: 'Mẫu đã nhận', samples_rejected: 'Mẫu bị từ chối', samples_spooled: 'Mẫu chờ trên đĩa', samples_stored: 'Mẫu đã lưu',
  events_dropped: 'Sự kiện bị bỏ', events_kept: 'Sự kiện đã lưu', events_lost: 'Sự kiện bị mất', events_pruned: 'Sự kiện cũ đã xóa',
  traps_ambiguous: 'Trap không rõ của thiết bị nào', traps_foreign: 'Trap từ địa chỉ lạ', traps_limited: 'Trap bị bỏ vì quá nhiều', traps_malformed: 'Trap hỏng',
  traps_outdated: 'Trap quá cũ hoặc trùng lặp', traps_received: 'Trap đã nhận', traps_lost: 'Trap bị mất trước khi được đọc', traps_refused: 'Trap sai thông tin xác thực', traps_start_failures: 'Lần không mở được cổng nhận trap',
  informs_acknowledged: 'Inform đã xác nhận', informs_repeated: 'Inform gửi lại', informs_unkept: 'Inform không lưu được', polls_after_traps: 'Lần thu thập sau trap',
};

/** A counter of the collector. */
export function counterName(counter: string, language: Language): string {
  const [, protocol, rest] = /^(snmp|modbus)_(.*)$/.exec(counter) ?? [undefined, undefined, counter];
  const name = (language === 'vi' && viCounters[rest]) || rest.replaceAll('_', ' ');
  if (protocol) return `${protocol === 'snmp' ? 'SNMP' : 'Modbus'}: ${name}`;
  return name.charAt(0).toUpperCase() + name.slice(1);
}
