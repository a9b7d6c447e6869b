package profile

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/aisle-dcim/aisle/models/reason"
)

// Object is one line of a recording: an object with its ASN.1 type.
type Object struct {
	OID []uint32
	// Type is the ASN.1 tag: 2 INTEGER, 4 OCTET STRING, 5 NULL, 6 OBJECT
	// IDENTIFIER, 64 IpAddress, 65 Counter32, 66 Gauge32, 67 TimeTicks,
	// 68 Opaque, 70 Counter64.
	Type byte
	Raw  Raw
}

// Recording is what an SNMP device answered, sorted by object identifier. It
// is a View.
type Recording struct {
	Objects []Object
}

// LineError tells which line of a recording cannot be read, and why.
type LineError struct {
	// Line counts from 1.
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Err) }

// Unwrap returns the reason.
func (e *LineError) Unwrap() error { return e.Err }

// ErrNothingRecorded means that a recording has nothing that a device answered.
var ErrNothingRecorded = errors.New("it is empty: nothing that a device answered is in it")

// The bounds of a recording.
const (
	maxRecordingLines = 500000
	maxOIDParts       = 128
)

// ReadRecording reads lines of the form OID|TYPE|VALUE, the form of the tool
// snmpsim: an x behind the type marks a hexadecimal value, lines beginning
// with # are comments. A line that cannot be read is a *LineError, and without
// any line the error is ErrNothingRecorded.
func ReadRecording(r io.Reader) (*Recording, error) {
	rec := &Recording{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSuffix(lines.Text(), "\r")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if len(rec.Objects) >= maxRecordingLines {
			return nil, &LineError{n, fmt.Errorf("more than %d objects", maxRecordingLines)}
		}
		o, err := parseObject(line)
		if err != nil {
			return nil, &LineError{n, err}
		}
		rec.Objects = append(rec.Objects, o)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	if len(rec.Objects) == 0 {
		return nil, ErrNothingRecorded
	}
	sort.SliceStable(rec.Objects, func(i, j int) bool { return Compare(rec.Objects[i].OID, rec.Objects[j].OID) < 0 })
	return rec, nil
}

// short is an object identifier as it is named in an error.
func short(oid []uint32) string {
	const most = 20
	if len(oid) <= most {
		return Dotted(oid)
	}
	return Dotted(oid[:most]) + ".…"
}

var escapedOctet = regexp.MustCompile(`\\x[0-9A-Fa-f]{2}`)

func parseObject(line string) (Object, error) {
	fields := strings.SplitN(line, "|", 3)
	if len(fields) != 3 {
		return Object{}, fmt.Errorf("%s is not OID|TYPE|VALUE", reason.Quote(line))
	}
	oid, err := ParseOID(fields[0])
	if err != nil {
		return Object{}, err
	}
	name, isHex := strings.CutSuffix(fields[1], "x")
	name, isEscaped := strings.CutSuffix(name, "e") // octets as \xNN
	tag, err := strconv.ParseUint(name, 10, 8)
	if err != nil {
		return Object{}, fmt.Errorf("type %s is not a number", reason.Quote(fields[1]))
	}
	value := []byte(fields[2])
	if isHex {
		value, err = hex.DecodeString(strings.ReplaceAll(fields[2], " ", ""))
		if err != nil {
			return Object{}, fmt.Errorf("value of %s: %w", short(oid), err)
		}
	}
	if isEscaped {
		value = escapedOctet.ReplaceAllFunc(value, func(m []byte) []byte {
			b, _ := hex.DecodeString(string(m[2:])) // the expression lets digits through only
			return b
		})
	}
	o := Object{OID: oid, Type: byte(tag)}
	switch o.Type {
	case 2:
		i, err := strconv.ParseInt(strings.TrimSpace(fields[2]), 10, 64)
		if err != nil {
			return Object{}, fmt.Errorf("value of %s: %s is not an integer", short(oid), reason.Quote(fields[2]))
		}
		o.Raw = Raw{Kind: Int, Int: i}
	case 65, 66, 67, 70:
		u, err := strconv.ParseUint(strings.TrimSpace(fields[2]), 10, 64)
		if err != nil {
			return Object{}, fmt.Errorf("value of %s: %s is not an unsigned number", short(oid), reason.Quote(fields[2]))
		}
		if u > math.MaxInt64 {
			o.Raw = Raw{Kind: Uint, Uint: u}
		} else {
			o.Raw = Raw{Kind: Int, Int: int64(u)}
		}
	case 6:
		o.Raw = Raw{Kind: OID, Bytes: []byte(strings.TrimPrefix(strings.TrimSpace(fields[2]), "."))}
	case 5:
		o.Raw = Raw{}
	case 68:
		o.Raw = OpaqueFloat(value)
	case 4, 64:
		o.Raw = Raw{Kind: Bytes, Bytes: value}
	default:
		return Object{}, fmt.Errorf("type %d of %s is not known", tag, short(oid))
	}
	return o, nil
}

// OpaqueFloat reads the octets of an Opaque value that wraps an IEEE 754
// number (tags 9F 78 and 9F 79); other octets stay as they are.
func OpaqueFloat(b []byte) Raw {
	if len(b) >= 3 && b[0] == 0x9f && int(b[2]) == len(b)-3 {
		var u uint64
		for _, c := range b[3:] {
			u = u<<8 | uint64(c)
		}
		switch {
		case b[1] == 0x78 && b[2] == 4:
			return Raw{Kind: Float, Float: float64(math.Float32frombits(uint32(u)))}
		case b[1] == 0x79 && b[2] == 8:
			return Raw{Kind: Float, Float: math.Float64frombits(u)}
		}
	}
	return Raw{Kind: Bytes, Bytes: b}
}

// ParseOID reads a dotted object identifier.
func ParseOID(s string) ([]uint32, error) {
	parts := strings.Split(strings.TrimPrefix(strings.TrimSpace(s), "."), ".")
	if len(parts) > maxOIDParts {
		return nil, fmt.Errorf("object identifier of %d parts", len(parts))
	}
	out := make([]uint32, len(parts))
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%s is not an object identifier", reason.Quote(s))
		}
		out[i] = uint32(n)
	}
	return out, nil
}

// Compare orders object identifiers as agents do.
func Compare(a, b []uint32) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] != b[i] {
			if a[i] < b[i] {
				return -1
			}
			return 1
		}
	}
	return len(a) - len(b)
}

// find returns the position of the first object that is not before oid.
func (r *Recording) find(oid []uint32) int {
	return sort.Search(len(r.Objects), func(i int) bool { return Compare(r.Objects[i].OID, oid) >= 0 })
}

// Scalar implements View.
func (r *Recording) Scalar(oid string) Raw {
	o, err := ParseOID(oid)
	if err != nil {
		return Raw{}
	}
	if i := r.find(o); i < len(r.Objects) && Compare(r.Objects[i].OID, o) == 0 {
		return r.Objects[i].Raw
	}
	return Raw{}
}

// Column implements View.
func (r *Recording) Column(oid string) []Row {
	o, err := ParseOID(oid)
	if err != nil {
		return nil
	}
	var out []Row
	for i := r.find(o); i < len(r.Objects); i++ {
		x := r.Objects[i].OID
		if len(x) <= len(o) {
			if Compare(x, o) == 0 {
				continue
			}
			break
		}
		if Compare(x[:len(o)], o) != 0 {
			break
		}
		out = append(out, Row{Index: x[len(o):], Raw: r.Objects[i].Raw})
	}
	return out
}

// ModbusRecording is what a Modbus device held. It is a ModbusView.
type ModbusRecording struct {
	// DeviceID and ServerID are the answers of functions 43/14 and 17.
	DeviceID map[int]string
	ServerID string
	// Profile is the one that the device was recorded with; empty where that
	// is not known. It need not be one that the device is recognised by.
	Profile string
	cells   map[modbusCell]uint16
}

type modbusCell struct {
	unit    int // -1 for the device's own
	table   string
	address uint16
}

// ReadModbusRecording reads lines of the form TABLE|ADDRESS|VALUES, for
// example "holding|130|00fa 0001" (registers in hexadecimal) or "coil|3|1 0".
// A unit id other than the device's own stands behind the table: "input@2".
// "device-id|0|text" and "server-id||text" are the answers of functions 43/14
// and 17, "profile||name" is the profile that it was recorded with; lines
// beginning with # are comments.
func ReadModbusRecording(r io.Reader) (*ModbusRecording, error) {
	rec := &ModbusRecording{DeviceID: map[int]string{}, cells: map[modbusCell]uint16{}}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := rec.line(line); err != nil {
			return nil, &LineError{n, err}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	if len(rec.cells) == 0 && len(rec.DeviceID) == 0 && rec.ServerID == "" {
		return nil, ErrNothingRecorded
	}
	return rec, nil
}

func (m *ModbusRecording) line(line string) error {
	f := strings.SplitN(line, "|", 3)
	if len(f) != 3 {
		return fmt.Errorf("%s is not TABLE|ADDRESS|VALUES", reason.Quote(line))
	}
	switch f[0] {
	case "server-id":
		m.ServerID = f[2]
		return nil
	case "profile":
		m.Profile = f[2]
		return nil
	}
	at, err := strconv.ParseUint(f[1], 0, 16)
	if err != nil {
		return fmt.Errorf("address %s is not between 0 and 65535", reason.Quote(f[1]))
	}
	if f[0] == "device-id" {
		m.DeviceID[int(at)] = f[2]
		return nil
	}
	table, unitText, hasUnit := strings.Cut(f[0], "@")
	unit := -1
	if hasUnit {
		u, err := strconv.ParseUint(unitText, 10, 8)
		if err != nil {
			return fmt.Errorf("unit id %s is not between 0 and 255", reason.Quote(unitText))
		}
		unit = int(u)
	}
	if !contains(Tables, table) {
		return fmt.Errorf("table %s is not one of %s", reason.Quote(table), strings.Join(Tables, ", "))
	}
	for k, word := range strings.Fields(f[2]) {
		v, err := strconv.ParseUint(word, 16, 16)
		if err != nil || int(at)+k > 65535 {
			return fmt.Errorf("value %s is not a register in hexadecimal", reason.Quote(word))
		}
		m.cells[modbusCell{unit, table, uint16(at) + uint16(k)}] = uint16(v)
	}
	return nil
}

// Registers implements ModbusView.
func (m *ModbusRecording) Registers(r Register) ([]byte, bool) {
	unit := -1
	if r.Unit != nil {
		unit = int(*r.Unit)
	}
	if r.Bit() {
		v, ok := m.cells[modbusCell{unit, r.Table, r.Address}]
		return []byte{byte(v)}, ok
	}
	out := make([]byte, 0, 2*r.Count)
	for k := range r.Count {
		v, ok := m.cells[modbusCell{unit, r.Table, r.Address + k}]
		if !ok {
			return nil, false
		}
		out = append(out, byte(v>>8), byte(v))
	}
	return out, true
}

// Set puts one register or bit into the recording.
func (m *ModbusRecording) Set(r Register, k uint16, v uint16) {
	unit := -1
	if r.Unit != nil {
		unit = int(*r.Unit)
	}
	if m.cells == nil {
		m.cells = map[modbusCell]uint16{}
	}
	m.cells[modbusCell{unit, r.Table, r.Address + k}] = v
}

// Each calls f for every register and bit; unit is -1 for the device's own.
func (m *ModbusRecording) Each(f func(unit int, table string, address, value uint16)) {
	for c, v := range m.cells {
		f(c.unit, c.table, c.address, v)
	}
}

// Write writes the recording in the form that ReadRecording reads.
func (r *Recording) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	for _, o := range r.Objects {
		tag, value, isHex := o.Type, o.Raw.String(), false
		switch o.Raw.Kind {
		case None:
			tag = 5
		case Float:
			tag, value, isHex = 68, hex.EncodeToString(opaque(o.Raw.Float)), true
		case Bytes:
			if value = string(o.Raw.Bytes); tag != 4 || !plainText(value) {
				value, isHex = hex.EncodeToString(o.Raw.Bytes), true
			}
		}
		mark := ""
		if isHex {
			mark = "x"
		}
		_, _ = fmt.Fprintf(b, "%s|%d%s|%s\n", Dotted(o.OID), tag, mark, value) // Flush tells
	}
	return b.Flush()
}

// plainText tells whether a line of a recording may hold a value as it is.
func plainText(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

func opaque(f float64) []byte {
	if float64(float32(f)) == f || math.IsNaN(f) {
		return binary.BigEndian.AppendUint32([]byte{0x9f, 0x78, 4}, math.Float32bits(float32(f)))
	}
	return binary.BigEndian.AppendUint64([]byte{0x9f, 0x79, 8}, math.Float64bits(f))
}

// Dotted prints an object identifier.
func Dotted(oid []uint32) string {
	b := make([]byte, 0, 4*len(oid))
	for i, n := range oid {
		if i > 0 {
			b = append(b, '.')
		}
		b = strconv.AppendUint(b, uint64(n), 10)
	}
	return string(b)
}

// Write writes the recording in the form that ReadModbusRecording reads.
func (m *ModbusRecording) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	if m.Profile != "" {
		_, _ = fmt.Fprintf(b, "profile||%s\n", m.Profile) // Flush tells
	}
	for _, id := range slices.Sorted(maps.Keys(m.DeviceID)) {
		_, _ = fmt.Fprintf(b, "device-id|%d|%s\n", id, m.DeviceID[id]) // Flush tells
	}
	if m.ServerID != "" {
		_, _ = fmt.Fprintf(b, "server-id||%s\n", m.ServerID)
	}
	cells := slices.SortedFunc(maps.Keys(m.cells), func(x, y modbusCell) int {
		return cmp.Or(cmp.Compare(x.unit, y.unit), cmp.Compare(x.table, y.table), cmp.Compare(x.address, y.address))
	})
	for i := 0; i < len(cells); {
		c := cells[i]
		if c.unit < 0 {
			_, _ = fmt.Fprintf(b, "%s|%d|", c.table, c.address)
		} else {
			_, _ = fmt.Fprintf(b, "%s@%d|%d|", c.table, c.unit, c.address)
		}
		form := "%04x"
		if c.table == "coil" || c.table == "discrete" {
			form = "%x"
		}
		for n := 0; n < 16 && i < len(cells) && cells[i] == (modbusCell{c.unit, c.table, c.address + uint16(n)}); n++ {
			if n > 0 {
				_ = b.WriteByte(' ')
			}
			_, _ = fmt.Fprintf(b, form, m.cells[cells[i]])
			i++
		}
		_ = b.WriteByte('\n')
	}
	return b.Flush()
}

// ReplaceText puts to where registers hold from as text, two characters in a
// register in either order.
func (m *ModbusRecording) ReplaceText(from, to string) {
	if len(from)%2 != 0 {
		from += "\x00"
	}
	to += strings.Repeat("X", max(0, len(from)-len(to)))
	for cell := range m.cells {
		for _, swapped := range []bool{false, true} {
			if !m.holds(cell, from, swapped) {
				continue
			}
			for k := 0; k+1 < len(from); k += 2 {
				m.cells[modbusCell{cell.unit, cell.table, cell.address + uint16(k/2)}] = textWord(to[k], to[k+1], swapped)
			}
		}
	}
}

func textWord(a, b byte, swapped bool) uint16 {
	if swapped {
		a, b = b, a
	}
	return uint16(a)<<8 | uint16(b)
}

func (m *ModbusRecording) holds(at modbusCell, text string, swapped bool) bool {
	for k := 0; k+1 < len(text); k += 2 {
		v, ok := m.cells[modbusCell{at.unit, at.table, at.address + uint16(k/2)}]
		w := textWord(text[k], text[k+1], swapped)
		if !ok || v != w && (text[k+1] != 0 || v|0x20 != w|0x20) {
			return false
		}
	}
	return true
}
