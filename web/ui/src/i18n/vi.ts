import type { en } from './en';

/** Vietnamese texts. */
export const vi: typeof en = {
  app: { name: 'Aisle', tagline: 'Hạ tầng trung tâm dữ liệu', skip: 'Đến nội dung chính', menu: 'Trình đơn' },
  nav: {
    overview: 'Tổng quan', sites: 'Địa điểm', devices: 'Thiết bị', trends: 'Xu hướng', collectors: 'Bộ thu thập',
    simulation: 'Mô phỏng', administration: 'Quản trị', about: 'Giới thiệu', main: 'Điều hướng chính', breadcrumb: 'Vị trí',
  },
  action: {
    save: 'Lưu', cancel: 'Hủy', delete: 'Xóa', add: 'Thêm', search: 'Tìm kiếm', refresh: 'Làm mới', retry: 'Thử lại',
    copy: 'Sao chép', copied: 'Đã sao chép', close: 'Đóng', back: 'Quay lại', details: 'Chi tiết', clear: 'Xóa chọn', open: 'Mở',
    signIn: 'Đăng nhập', signOut: 'Đăng xuất', export: 'Xuất CSV', pollNow: 'Thu thập ngay', zoomIn: 'Phóng to', zoomOut: 'Thu nhỏ',
    zoomReset: 'Xem toàn bộ', remove: 'Gỡ bỏ', more: 'Xem thêm', edit: 'Sửa', showTrend: 'Xem xu hướng', openTrends: 'Mở trong Xu hướng',
    revoke: 'Thu hồi', undo: 'Hoàn tác', endSession: 'Đăng xuất', endOthers: 'Đăng xuất các phiên khác', disable: 'Vô hiệu hóa', enable: 'Kích hoạt', inject: 'Tạo lỗi', clearFault: 'Gỡ lỗi',
  },
  word: {
    yes: 'Có', no: 'Không', unknown: 'Không rõ', none: 'Không có', loading: 'Đang tải…', noData: 'Không có dữ liệu', live: 'Trực tiếp', never: 'Chưa bao giờ',
    of: 'trên', all: 'Tất cả', name: 'Tên', kind: 'Loại', state: 'Tình trạng', status: 'Trạng thái', value: 'Giá trị', age: 'Tuổi dữ liệu', quality: 'Chất lượng',
    time: 'Thời gian', since: 'Từ lúc', place: 'Vị trí', model: 'Mẫu máy', vendor: 'Hãng sản xuất', serial: 'Số sê-ri',
    firmware: 'Phiên bản firmware', address: 'Địa chỉ', protocol: 'Giao thức', profile: 'Hồ sơ thiết bị', mac: 'Địa chỉ MAC',
    assetTag: 'Mã tài sản', points: 'Điểm đo', missing: 'Thiếu', racks: 'Tủ rack', rack: 'Tủ rack', device: 'Thiết bị', room: 'Phòng',
    rooms: 'Phòng', site: 'Địa điểm', power: 'Công suất', inlet: 'Nhiệt độ đầu vào', actions: 'Thao tác', component: 'Thành phần', point: 'Điểm đo',
    label: 'Nhãn', source: 'Nguồn đọc', error: 'Lỗi', role: 'Vai trò', version: 'Phiên bản', target: 'Đối tượng', min: 'Nhỏ nhất', max: 'Lớn nhất',
    mean: 'Trung bình', sysName: 'Tên thiết bị tự báo', ago: '{{age}} trước', language: 'Ngôn ngữ', theme: 'Giao diện', password: 'Mật khẩu',
    user: 'Người dùng', description: 'Mô tả', from: 'Từ', to: 'Đến', incomplete: 'Thiếu dữ liệu', latest: 'Mới nhất', total: 'Tổng', class: 'Đại lượng',
  },
  theme: { dark: 'Tối', light: 'Sáng', auto: 'Theo hệ thống' },
  language: { vi: 'Tiếng Việt', en: 'English' },
  severity: { ok: 'Bình thường', info: 'Lưu ý', warning: 'Cần chú ý', critical: 'Nghiêm trọng', unknown: 'Không rõ' },
  quality: {
    good: 'Tốt', stale: 'Dữ liệu cũ', bad: 'Xấu', sentinel: 'Không đo được', 'comm-failed': 'Không phản hồi', none: 'Chưa đọc lần nào',
  },
  pollState: {
    learning: 'Đang nhận dạng', ok: 'Có kết nối', silent: 'Không phản hồi', 'auth-failed': 'Bị từ chối truy cập', 'no-profile': 'Chưa có hồ sơ',
    error: 'Lỗi', 'not-polled': 'Không thu thập',
  },
  kind: {
    pdu: 'Thanh phân phối nguồn (PDU)', ups: 'Bộ lưu điện (UPS)', ats: 'Bộ chuyển nguồn tự động (ATS)', meter: 'Đồng hồ đo', generator: 'Máy phát điện', cooling: 'Điều hòa chính xác',
    chiller: 'Máy làm lạnh nước', sensor: 'Cảm biến', leak: 'Phát hiện rò rỉ nước', 'dc-power': 'Nguồn một chiều', switchboard: 'Tủ điện tổng',
    server: 'Máy chủ', network: 'Thiết bị mạng', storage: 'Thiết bị lưu trữ', other: 'Khác',
  },
  status: {
    planned: 'Dự kiến', staged: 'Chuẩn bị', active: 'Hoạt động', maintenance: 'Bảo trì', decommissioning: 'Đang ngừng sử dụng', offline: 'Mất kết nối',
  },
  placeKind: { site: 'Địa điểm', building: 'Tòa nhà', floor: 'Tầng', room: 'Phòng', zone: 'Phân khu', row: 'Dãy tủ', rack: 'Tủ rack' },
  error: {
    title: 'Không tải được nội dung này', unreachable: 'Máy chủ không phản hồi.', unauthenticated: 'Chưa đăng nhập.',
    forbidden: 'Vai trò hiện tại không được phép làm việc này.', 'not-found': 'Không tồn tại hoặc không còn nữa.', conflict: 'Xung đột với dữ liệu hiện có.',
    invalid: 'Dữ liệu nhập không hợp lệ.', 'bad-credentials': 'Tên hoặc mật khẩu không đúng.',
    'too-many-attempts': 'Thử quá nhiều lần. Chờ một lát.', 'too-large': 'Yêu cầu quá lớn.',
    unavailable: 'Dịch vụ hiện không sẵn sàng.', internal: 'Máy chủ gặp lỗi.', wait: 'Thử lại sau {{time}}.',
    request: 'Yêu cầu {{id}}', page: 'Trang gặp lỗi.', pageMissing: 'Không có trang này.',
  },
  conflict: {
    stale: 'Nội dung đã được người khác thay đổi. Đóng lại, xem nội dung hiện tại rồi thử lại.', taken: 'Tên hoặc mã này đã được dùng.',
    occupied: 'Vị trí trong tủ rack đã có thiết bị.', 'in-use': 'Không xóa được khi còn các mục sau ở bên trong hoặc đang dùng:',
    'last-administrator': 'Phải còn lại ít nhất một quản trị viên.',
  },
  blocker: {
    locations: 'khu vực', rows: 'dãy tủ', racks: 'tủ rack', devices: 'thiết bị', 'power-panels': 'tủ điện', 'power-sources': 'nguồn điện',
    'power-feeds': 'lộ cấp nguồn', 'cooling-loops': 'vòng làm mát', cables: 'cáp',
  },
  fault: {
    required: 'cần nhập', range: 'ngoài khoảng cho phép', unknown: 'không tồn tại', format: 'không đúng dạng', kind: 'không đúng loại mà giao thức cần',
    nesting: 'không thể nằm bên trong', circle: 'không thể nằm trong chính nó', fixed: 'không thay đổi được', taken: 'đã được dùng', occupied: 'đã có thiết bị',
    too_short: 'quá ngắn', too_long: 'quá dài', length: 'độ dài không hợp lệ', empty: 'không được để trống', missing: 'còn thiếu', common: 'quá dễ đoán', name: 'không được tạo từ tên người dùng', too_high: 'vượt quá quyền cho phép',
  },
  connection: {
    lost: 'Mất kết nối từ {{time}} ({{age}}). Các giá trị đang hiển thị cũ dần cho đến khi có lại kết nối.', connecting: 'Đang kết nối…', open: 'Trực tiếp',
    idle: 'Trang này không có giá trị trực tiếp', lostShort: 'Mất kết nối',
  },
  search: {
    placeholder: 'Tìm thiết bị, tủ rack, phòng…', nothing: 'Không tìm thấy', devices: 'Thiết bị', racks: 'Tủ rack', rooms: 'Phòng và địa điểm', pages: 'Trang',
    hint: 'Ctrl K',
  },
  session: {
    title: 'Đăng nhập', name: 'Tên người dùng', welcome: 'Đăng nhập để xem cơ sở hạ tầng', link: 'Đang đăng nhập bằng liên kết…',
    linkFailed: 'Liên kết đã được dùng hoặc đã hết hạn. Đăng nhập bằng mật khẩu, hoặc xin liên kết mới.',
    linkMissing: 'Liên kết không đầy đủ: thiếu phần sau dấu “#”.', expired: 'Phiên làm việc đã kết thúc. Đăng nhập lại.',
    changePassword: 'Đổi mật khẩu', oldPassword: 'Mật khẩu hiện tại', newPassword: 'Mật khẩu mới', passwordChanged: 'Đã đổi mật khẩu',
    repeatPassword: 'Nhập lại mật khẩu', mismatch: 'Hai mật khẩu không giống nhau', prefFailed: 'Không lưu được tùy chọn trên máy chủ',
  },
  setup: {
    title: 'Tạo quản trị viên', intro: 'Hệ thống vừa được cài đặt. Người dùng đầu tiên có toàn quyền; không có mật khẩu mặc định.',
    token: 'Mã thiết lập', tokenHint: 'Máy chủ đã in mã này khi khởi động, vì trình duyệt không chạy trên cùng máy.',
    create: 'Tạo và đăng nhập', done: 'Đã thiết lập xong. Đăng nhập.',
  },
  overview: {
    title: 'Tổng quan', itPower: 'Tải CNTT', facilityPower: 'Công suất toàn trung tâm', pue: 'PUE hiện tại', devicesOnline: 'Thiết bị có kết nối', capacity: '{{share}} của {{capacity}}',
    onBattery: 'Đang chạy ắc quy', noBattery: 'Không có bộ lưu điện nào đang chạy ắc quy', hottest: 'Đầu vào nóng nhất', abnormal: 'Tình trạng bất thường',
    noAbnormal: 'Không có tình trạng bất thường', rooms: 'Phòng', hottestInlet: 'Đầu vào nóng nhất', polling: 'Thu thập',
    empty: 'Chưa có gì trong mô hình', emptyHint: 'Thêm địa điểm, phòng và tủ rack, rồi thiết bị đầu tiên; các giá trị sẽ hiện ở đây.',
    addSite: 'Thêm địa điểm đầu tiên', incomplete: '{{missing}} trên {{points}} điểm đo không có giá trị', recommended: 'Dải khuyến nghị 18–27 °C', worst: 'Cần chú ý',
  },
  sites: {
    title: 'Địa điểm', tree: 'Địa điểm, phòng và tủ rack', filter: 'Lọc theo tên', rackCount: '{{count}} tủ rack', empty: 'Chưa có địa điểm',
    emptyHint: 'Địa điểm gồm các tòa nhà, phòng và tủ rack.', addSite: 'Thêm địa điểm', addLocation: 'Thêm khu vực', addRack: 'Thêm tủ rack', parent: 'Thuộc', width: 'Chiều rộng (m)',
    depth: 'Chiều sâu (m)', uHeight: 'Chiều cao (U)', timeZone: 'Múi giờ', expand: 'Mở rộng', collapse: 'Thu gọn', open: 'Mở {{name}}', x: 'Cạnh trái (m)', y: 'Cạnh trên (m)',
    addRow: 'Thêm dãy tủ', contents: 'Bên trong', nothing: 'Chưa có gì bên trong', facts: 'Thuộc tính', editTitle: 'Sửa {{name}}', removeTitle: 'Xóa {{name}}', tile: 'Tấm sàn (m)', maxPower: 'Giới hạn công suất (W)', maxWeight: 'Giới hạn tải trọng (kg)',
    rotation: 'Góc xoay (°)', positionInRow: 'Thứ tự trong dãy', descUnits: 'Đơn vị U đánh số từ trên xuống', openPlan: 'Mở mặt bằng', showDevices: 'Xem thiết bị', removed: 'Đã xóa {{name}}', saved: 'Đã lưu {{name}}', undone: 'Đã hoàn tác thay đổi',
    removeSure: 'Xóa {{name}}? Tên, kích thước và mô tả sẽ mất. Phải chuyển hoặc xóa những gì bên trong trước.',
  },
  room: {
    plan: 'Mặt bằng {{name}}', legend: 'Nhiệt độ đầu vào, °C · dải khuyến nghị ASHRAE 18–27', noValue: 'mất dữ liệu', stale: 'dữ liệu cũ', emptySpot: 'tủ trống',
    alarm: 'bất thường', racks: '{{count}} tủ rack', hot: 'trên 27 °C', cold: 'dưới 18 °C', noRacks: 'Mặt bằng phòng này chưa có tủ rack',
    noRacksHint: 'Tủ rack hiện ở đây khi đã có vị trí trong phòng.', layer: 'Lớp', inletLayer: 'Nhiệt độ đầu vào', powerLayer: 'Công suất, % giới hạn',
    powerLegend: 'Công suất theo % giới hạn của tủ rack', panel: 'Tủ rack đang chọn', pick: 'Chọn một tủ rack để xem tại đây', openRack: 'Mở tủ rack', noLimit: 'chưa rõ giới hạn',
    summary: 'Phòng hiện tại', hottest: 'Tủ rack nóng nhất', mean: 'Đầu vào trung bình', trend: 'Nhiệt độ đầu vào, 1 giờ qua', equipment: 'Thiết bị', scale: 'Tỷ lệ', hotAisle: 'lối nóng', coldAisle: 'lối lạnh', totalPower: 'Tải CNTT',
    incomplete: '{{missing}} trên {{total}} tủ rack không có giá trị', measured: '{{count}} trên {{total}} tủ rack có đo', zoomHint: 'Lăn chuột hoặc chụm để phóng, kéo để di chuyển',
  },
  rack: {
    front: 'Mặt trước', rear: 'Mặt sau', elevation: 'Sơ đồ mặt tủ', used: 'Đang dùng {{used}} trên {{total}} U', free: 'Còn trống {{count}} U', powerLimit: 'trên {{limit}}', zeroU: 'Không chiếm U', feeds: 'Nguồn cấp',
    devices: 'Thiết bị', noDevices: 'Tủ rack chưa có thiết bị', inlets: 'Nhiệt độ đầu vào', unplaced: 'Trong tủ, chưa rõ vị trí', maxWeight: 'Chịu tải {{weight}}', u: 'U{{u}}',
    unitsFromTop: 'Đơn vị U đánh số từ trên xuống', powerPoints: 'Công suất',
  },
  devices: {
    title: 'Thiết bị', count: '{{count}} thiết bị', filtered: '{{count}} thiết bị phù hợp', search: 'Tên, mẫu máy, số sê-ri, địa chỉ, vị trí', kind: 'Loại', state: 'Tình trạng',
    lastSuccess: 'Lần thu thập cuối', empty: 'Chưa có thiết bị', emptyHint: 'Thêm thiết bị với địa chỉ và thông tin xác thực; hồ sơ thiết bị được chọn theo phản hồi.',
    noMatch: 'Không có thiết bị phù hợp bộ lọc', clearFilters: 'Bỏ lọc', add: 'Thêm thiết bị', added: 'Đã thêm thiết bị', table: 'Danh sách thiết bị', sortBy: 'Sắp xếp theo {{column}}',
    credential: 'Thông tin xác thực', unit: 'Mã trạm Modbus', noPlace: 'chưa có vị trí', pollingOff: 'Không thu thập', deviceAddress: 'Địa chỉ (máy:cổng)', identity: 'Nhận dạng',
    health: 'Tình trạng thu thập', placements: 'Lịch sử vị trí', until: 'đến {{time}}', present: 'hiện nay', latency: 'Độ trễ', interval: 'Chu kỳ', polls: 'Số lần thu thập', failures: 'Lần lỗi', timeouts: 'Quá thời gian chờ', skipped: 'Lần bỏ qua',
    lastPoll: 'Lần thử cuối', lastGood: 'Thành công cuối', stateSince: 'Ở tình trạng này từ', pollRequested: 'Đã yêu cầu thu thập', noPoints: 'Chưa có điểm đo',
    noPointsHint: 'Điểm đo hiện ra khi thiết bị đã phản hồi và đã rõ hồ sơ.', livePoints: 'Điểm đo trực tiếp', filterPoints: 'Lọc điểm đo', device: 'Toàn thiết bị', limits: 'Ngưỡng của thiết bị', learned: 'Nhận dạng lúc', remove: 'Xóa thiết bị',
    removeSure: 'Xóa {{name}} khỏi mô hình? Mất theo: {{points}} điểm đo cùng lối vào các giá trị đã ghi, lịch sử vị trí và cách thu thập. Không hoàn tác được; thiết bị chỉ tạm ngừng thì có thể tắt thu thập.', removed: 'Đã xóa thiết bị', onlyAbnormal: 'Chỉ bất thường', pointCount: '{{count}} điểm đo', selected: 'Xu hướng',
    polled: 'Có thu thập', placeU: 'U thấp nhất', face: 'Mặt', zeroU: 'Bên không chiếm U', noZeroU: 'chiếm U', left: 'trái', right: 'phải', front: 'trước', rear: 'sau', intervalS: 'Chu kỳ (s), 0 là theo hồ sơ', autoProfile: 'Để trống: chọn theo phản hồi của thiết bị', editTitle: 'Sửa {{name}}', noProtocol: 'không có', saved: 'Đã lưu {{name}}',
  },
  trends: {
    title: 'Xu hướng', pick: 'Điểm đo', pickPlaceholder: 'Tìm điểm đo để thêm', empty: 'Chưa chọn điểm đo', emptyHint: 'Tìm điểm đo ở trên, hoặc mở một thiết bị rồi chọn điểm đo.',
    range: 'Khoảng thời gian', last: '{{span}} qua', custom: 'Khoảng tùy chọn', from: 'Từ', to: 'Đến', zoomOut: 'Về khoảng trước', dragHint: 'Kéo trên biểu đồ để phóng to', step: 'Bước {{step}}',
    chart: 'Xu hướng của {{names}}', band: 'dải từ nhỏ nhất đến lớn nhất', apply: 'Áp dụng', gaps: 'Chỗ trống là lúc không có giá trị tốt', statistics: 'Thống kê', noSamples: 'Không có mẫu trong khoảng này', tooMany: 'Nhiều nhất {{count}} điểm đo cùng lúc', zone: 'Giờ theo {{zone}}',
    r15m: '15 phút', r1h: '1 giờ', r6h: '6 giờ', r24h: '24 giờ', r7d: '7 ngày', r30d: '30 ngày',
  },
  collectors: {
    title: 'Bộ thu thập', devices: 'Thiết bị', points: 'Điểm đo', rate: 'Số mẫu mỗi giây', store: 'Kho chuỗi thời gian', storeOk: 'Hoạt động', storeFault: 'Lỗi', spooled: '{{count}} mẫu đang chờ trên đĩa', dropped: '{{count}} mẫu bị bỏ',
    counters: 'Bộ đếm từ khi khởi động', list: 'Thiết bị theo tình trạng', embedded: 'tích hợp sẵn', influx: 'InfluxDB', noDevices: 'Không có thiết bị nào được thu thập',
  },
  admin: {
    title: 'Quản trị', users: 'Người dùng', tokens: 'Mã truy cập', credentials: 'Thông tin xác thực', audit: 'Nhật ký kiểm toán', account: 'Tài khoản', noAccess: 'Vai trò hiện tại không có quyền quản trị.',
    addUser: 'Thêm người dùng', addToken: 'Tạo mã truy cập', addCredential: 'Thêm thông tin xác thực', disabled: 'Đã vô hiệu hóa', enabled: 'Hoạt động', lastSignIn: 'Lần đăng nhập cuối', created: 'Tạo lúc', expires: 'Hết hạn', lastUsed: 'Lần dùng cuối', days: 'Số ngày hiệu lực', prefix: 'Bắt đầu bằng',
    tokenShown: 'Sao chép mã ngay: mã chỉ hiện một lần này.', community: 'Chuỗi community', snmpUser: 'Người dùng SNMP', authProtocol: 'Xác thực', authPassword: 'Mật khẩu xác thực', privProtocol: 'Mã hóa', privPassword: 'Mật khẩu mã hóa', context: 'Ngữ cảnh',
    writeOnly: 'Bí mật được lưu ở dạng mã hóa và không bao giờ hiện lại.', weakness: 'Điểm yếu', updated: 'Thay đổi lúc', revokeSure: 'Thu hồi “{{name}}”? Các chương trình đang dùng sẽ ngừng hoạt động.', deleteSure: 'Xóa “{{name}}”?', who: 'Ai', action: 'Hành động', object: 'Đối tượng', outcome: 'Kết quả', via: 'Qua',
    before: 'Trước', after: 'Sau', noTokens: 'Không có mã truy cập', noCredentials: 'Không có thông tin xác thực', noAudit: 'Không có mục nào', saved: 'Đã lưu', resetPassword: 'Đặt mật khẩu mới', editCredential: 'Sửa {{name}}', usedBy: 'Thiết bị', keepSecret: 'Để trống để giữ nguyên', deleteCredentialSure: 'Xóa “{{name}}”? Các bí mật sẽ mất. Thông tin xác thực đang được dùng thì không xóa được.',
    sessions: 'Phiên đăng nhập của tôi', thisSession: 'phiên này', browser: 'Trình duyệt', started: 'Bắt đầu', lastSeen: 'Hoạt động cuối', noOthers: 'Không đăng nhập ở nơi nào khác', disableSure: 'Vô hiệu hóa “{{name}}”? Các phiên kết thúc ngay và không thể đăng nhập bằng tên này cho đến khi kích hoạt lại.',
    resetHint: 'Mọi phiên của người dùng này kết thúc. Hãy báo mật khẩu mới qua kênh an toàn.', resetDone: 'Đã đặt mật khẩu cho {{name}}',
  },
  role: { viewer: 'Người xem', operator: 'Nhân viên vận hành', engineer: 'Kỹ sư', planner: 'Người lập kế hoạch', administrator: 'Quản trị viên' },
  credentialKind: { 'snmp-community': 'Chuỗi community SNMP (v1, v2c)', 'snmp-v3': 'Người dùng SNMPv3', modbus: 'Modbus' },
  credentialWeakness: {
    clear: 'truyền ở dạng rõ', noAuth: 'không xác thực', noPriv: 'không mã hóa', md5: 'MD5 yếu', des: 'DES yếu', closed: 'không mở được: hãy nhập lại',
  },
  auditAction: {
    create: 'tạo', update: 'sửa', delete: 'xóa', place: 'chuyển vị trí', import: 'nhập dữ liệu', 'sign-in': 'đăng nhập', 'sign-out': 'đăng xuất', 'change-password': 'đổi mật khẩu', 'reset-password': 'đặt lại mật khẩu',
    revoke: 'thu hồi', 'revoke-others': 'kết thúc các phiên khác', rekey: 'mã hóa lại', denied: 'bị từ chối', inject: 'tạo lỗi', clear: 'gỡ lỗi', start: 'khởi động', note: 'ghi chú', 'set-role': 'đặt vai trò điểm đo',
    'accept-identity': 'chấp nhận nhận dạng', 'identity-changed': 'nhận dạng thay đổi', 'identity-restored': 'nhận dạng trở lại', poll: 'thu thập',
  },
  auditObject: {
    site: 'địa điểm', location: 'khu vực', row: 'dãy tủ', rack: 'tủ rack', device: 'thiết bị', point: 'điểm đo', user: 'người dùng', session: 'phiên', token: 'mã truy cập', credential: 'thông tin xác thực', 'sign-in-link': 'liên kết đăng nhập',
    facility: 'cơ sở hạ tầng', fault: 'lỗi', 'device type': 'loại thiết bị', 'rack type': 'loại tủ rack', manufacturer: 'hãng sản xuất', collector: 'bộ thu thập', operation: 'thao tác', audit: 'nhật ký kiểm toán',
  },
  auditOutcome: { ok: 'xong', failed: 'không thành công', denied: 'bị từ chối' },
  auditVia: { session: 'trình duyệt', token: 'mã truy cập', system: 'hệ thống' },
  pollError: {
    silent: 'Không phản hồi', refused: 'Từ chối thông tin xác thực', malformed: 'Trả lời sai', 'no-profile': 'Không có hồ sơ thiết bị phù hợp', changed: 'Thiết bị khác trả lời; đang nhận dạng lại',
    closed: 'Đóng kết nối', stopped: 'Bộ xử lý giao thức không chạy', internal: 'Lỗi bên trong chương trình', waiting: 'Đang chờ lần thử tiếp theo',
  },
  simulation: {
    title: 'Mô phỏng', intro: 'Cơ sở này là mô phỏng: mọi giá trị đều được đọc qua cổng mạng, và có thể tạo lỗi để xem hệ quả.', active: 'Lỗi đang có', none: 'Không có lỗi nào', kind: 'Lỗi', target: 'Đối tượng',
    off: 'Không có mô phỏng ở đây', offHint: 'Mô phỏng thuộc bản dùng thử.', injected: 'Đã tạo lỗi', cleared: 'Đã gỡ lỗi',
  },
  faultKind: {
    'utility-loss': 'Mất nguồn điện lưới', 'crah-failure': 'Điều hòa chính xác hỏng', 'breaker-trip': 'Máy cắt nhảy', 'device-silent': 'Thiết bị không phản hồi', 'sensor-stuck': 'Cảm biến bị kẹt',
    'gateway-stalled': 'Cổng giao tiếp bị treo', overload: 'Quá tải', 'chiller-failure': 'Máy làm lạnh nước hỏng', leak: 'Rò rỉ nước', 'door-open': 'Cửa mở',
  },
  about: {
    title: 'Giới thiệu', version: 'Phiên bản', revision: 'Bản sửa đổi', built: 'Biên dịch lúc', go: 'Go', license: 'Giấy phép', started: 'Chạy từ', database: 'Cơ sở dữ liệu', telemetry: 'Kho chuỗi thời gian', profiles: 'Hồ sơ thiết bị', simulated: 'Cơ sở mô phỏng',
    text: 'Phần mềm nguồn mở quản lý hạ tầng trung tâm dữ liệu.', thirdParty: 'Hoạt động không cần internet: phông chữ, biểu tượng và mã đều nằm trong chương trình.',
  },
};
