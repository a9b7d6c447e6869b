package workshop

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models/quantity"
	"github.com/aisle-dcim/aisle/models/reason"
)

// csvColumns are the headings of a register table, with what manuals call
// them.
var csvColumns = map[string][]string{
	"address":  {"address", "register", "reg", "addr", "offset", "dec", "địa chỉ"},
	"name":     {"name", "parameter", "description", "signal", "variable", "tên"},
	"type":     {"type", "format", "data type", "datatype", "kiểu"},
	"unit":     {"unit", "units", "đơn vị"},
	"scale":    {"scale", "factor", "multiplier", "resolution", "gain", "hệ số"},
	"table":    {"table", "function", "fc", "register type"},
	"states":   {"states", "values", "enum", "coding"},
	"key":      {"key"},
	"class":    {"class", "quantity"},
	"order":    {"word order", "word_order", "wordorder", "thứ tự từ"},
	"writable": {"access", "r/w", "rw"},
}

// registerTypes are what manuals call the types of the profile language.
var registerTypes = map[string]string{
	"": "u16", "u16": "u16", "uint16": "u16", "unsigned": "u16", "word": "u16", "unsigned16": "u16", "ushort": "u16", "uint": "u16",
	"i16": "i16", "s16": "i16", "int16": "i16", "int": "i16", "signed": "i16", "short": "i16", "signed16": "i16", "integer": "i16",
	"u32": "u32", "uint32": "u32", "dword": "u32", "unsigned32": "u32", "ulong": "u32",
	"i32": "i32", "s32": "i32", "int32": "i32", "signed32": "i32", "long": "i32",
	"f32": "f32", "float": "f32", "float32": "f32", "real": "f32", "single": "f32", "ieee754": "f32",
	"u64": "u64", "uint64": "u64", "i64": "i64", "s64": "i64", "int64": "i64", "f64": "f64", "double": "f64", "float64": "f64",
}

// functionTables are the tables by the function that reads them.
var functionTables = map[string]string{
	"1": "coil", "01": "coil", "coil": "coil", "coils": "coil",
	"2": "discrete", "02": "discrete", "discrete": "discrete", "discrete input": "discrete",
	"3": "holding", "03": "holding", "holding": "holding", "holding register": "holding",
	"4": "input", "04": "input", "input": "input", "input register": "input",
}

// wordOrders are what manuals call the order of the registers of one value.
var wordOrders = map[string]string{
	"": "", "big": "big", "high first": "big", "msw first": "big", "abcd": "big",
	"little": "little", "low first": "little", "lsw first": "little", "cdab": "little",
}

// wide are the types of several registers.
var wide = map[string]bool{"u32": true, "i32": true, "f32": true, "u64": true, "i64": true, "f64": true}

// FromCSV drafts a profile from a table of registers. The first line names the
// columns: address and name are needed; type, unit, scale, table (or function),
// states ("0=off;1=on"), word order (big or little), key and class help.
// Addresses are those of the protocol, beginning at zero; 40001, 30001 and 10001
// are understood as the first register of their table when every line is written
// so, and remarked on in any case.
func FromCSV(name, file string, r io.Reader) ([]byte, error) {
	c := csv.NewReader(norm.NFC.Reader(r)) // headings and units are compared
	c.FieldsPerRecord, c.TrimLeadingSpace = -1, true
	lines, err := c.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, csvQuotes(err))
	}
	if len(lines) < 2 {
		return nil, fmt.Errorf("%s: %w", file, reason.New("csv_lines", "a line of column names and one line for each register are needed"))
	}
	if len(lines[0]) == 1 && strings.Contains(lines[0][0], ";") {
		return nil, fmt.Errorf("%s: %w", file, reason.New("csv_semicolons", "columns are parted by semicolons; save it with commas"))
	}
	at := map[string]int{}
	for i, heading := range lines[0] {
		h := strings.ToLower(strings.Trim(heading, " \ufeff"))
		for column, names := range csvColumns {
			if _, seen := at[column]; !seen && slices.Contains(names, h) {
				at[column] = i
			}
		}
	}
	for _, needed := range []string{"address", "name"} {
		if _, ok := at[needed]; !ok {
			names, among := strings.Join(csvColumns[needed], ", "), reason.Quote(strings.Join(lines[0], ", "))
			return nil, fmt.Errorf("%s: %w", file, &profile.LineError{Line: 1, Err: reason.New("csv_column",
				fmt.Sprintf("no column %q among %s; it may be called %s", needed, among, names), "column", needed, "among", among, "names", names)})
		}
	}
	d := draft{name: name, title: name, source: file, protocol: "modbus"}
	rows := make([]csvRow, 0, len(lines)-1)
	modicon := true
	for n, line := range lines[1:] {
		get := func(column string) string {
			if i, ok := at[column]; ok && i < len(line) {
				return plainText(line[i])
			}
			return ""
		}
		if get("address") == "" && get("name") == "" {
			continue
		}
		x, err := csvRegister(get)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, &profile.LineError{Line: n + 2, Err: err})
		}
		table := modiconTable(x.address)
		modicon = modicon && table != "" && (get("table") == "" || table == x.table)
		rows = append(rows, x)
	}
	if modicon && len(rows) > 0 {
		x := rows[0]
		d.remark("addresses are taken as Modicon numbers, for all of them look like such: %d is register %d of table %s", x.address, x.address%10000-1, modiconTable(x.address))
	}
	for _, x := range rows {
		if modicon {
			x.table = modiconTable(x.address)
			x.address = x.address%10000 - 1
			x.modicon = true
		}
		d.register(x)
	}
	if len(d.points) == 0 {
		return nil, fmt.Errorf("%s: %w", file, reason.New("csv_nothing", fmt.Sprintf("none of its %d registers looks like a measured value; add a column \"class\"", len(rows)), "n", strconv.Itoa(len(rows))))
	}
	return d.yaml(), nil
}

// modiconTable is the table of a register that is written as a Modicon number,
// 40001 for the first of the holding registers; empty where it cannot be one.
func modiconTable(address int) string {
	if address%10000 == 0 {
		return ""
	}
	return map[int]string{1: "discrete", 3: "input", 4: "holding"}[address/10000]
}

type csvRow struct {
	address                 int
	name, kind, unit, table string
	scale                   float64
	key, class, order       string
	states                  []state
	modicon                 bool // the address was one, and is converted
}

func csvRegister(get func(string) string) (csvRow, error) {
	x := csvRow{name: get("name"), unit: get("unit"), key: get("key"), class: get("class"), scale: 1}
	a, err := strconv.ParseInt(strings.TrimSuffix(get("address"), "h"), addressBase(get("address")), 32)
	if err != nil || a < 0 || a > 65536 {
		return x, csvCell("csv_address", "address", get("address"), "is not between 0 and 65535")
	}
	x.address = int(a)
	var ok bool
	if x.kind, ok = registerTypes[strings.ToLower(strings.ReplaceAll(get("type"), " ", ""))]; !ok {
		return x, csvCell("csv_type", "type", get("type"), "is not one of u16, i16, u32, i32, u64, i64, f32, f64")
	}
	if x.table = "holding"; get("table") != "" {
		if x.table, ok = functionTables[strings.ToLower(get("table"))]; !ok {
			return x, csvCell("csv_table", "table", get("table"), "is not one of holding, input, coil, discrete or function 1 to 4")
		}
	}
	if s := strings.ReplaceAll(get("scale"), ",", "."); s != "" {
		if over, found := strings.CutPrefix(s, "1/"); found {
			s = over
		}
		if x.scale, err = strconv.ParseFloat(strings.Trim(s, "x*× "), 64); err != nil || x.scale == 0 {
			return x, csvCell("csv_scale", "scale", get("scale"), "is not a number")
		}
		if strings.HasPrefix(get("scale"), "1/") {
			x.scale = 1 / x.scale
		}
	}
	if x.order, ok = wordOrders[strings.ToLower(get("order"))]; !ok {
		return x, csvCell("csv_order", "word order", get("order"), "is not big or little")
	}
	for _, part := range strings.FieldsFunc(get("states"), func(r rune) bool { return r == ';' || r == '|' }) {
		number, text, found := strings.Cut(part, "=")
		n, err := strconv.ParseInt(strings.TrimSpace(number), 0, 64)
		if !found || err != nil {
			return x, csvCell("csv_states", "states", get("states"), "are not like 0=off;1=on")
		}
		if slices.ContainsFunc(x.states, func(s state) bool { return s.number == n }) {
			return x, csvCell("csv_states_twice", "states", get("states"), fmt.Sprintf("give %d twice", n), "n", strconv.FormatInt(n, 10))
		}
		x.states = append(x.states, state{n, strings.TrimSpace(text)})
	}
	return x, nil
}

// csvCell tells what is wrong with a cell of a register table.
func csvCell(code, column, value, what string, values ...string) error {
	quoted := reason.Quote(value)
	return reason.New(code, column+" "+quoted+" "+what, append([]string{"value", quoted}, values...)...)
}

// csvQuotes names the line and column where quotation marks do not go together.
func csvQuotes(err error) error {
	var bad *csv.ParseError
	if !errors.As(err, &bad) {
		return err
	}
	column := strconv.Itoa(bad.Column)
	return &profile.LineError{Line: bad.Line, Err: reason.New("csv_quote", fmt.Sprintf("column %s: %v", column, bad.Err), "column", column)}
}

func addressBase(s string) int {
	if strings.HasSuffix(s, "h") {
		return 16
	}
	return 0
}

// register adds a line of a register table.
func (d *draft) register(x csvRow) {
	unit, scale := guessUnit(x.unit)
	name := inEnglish(x.name)
	class, word := guessClass(name, unit)
	var unsure []string
	if x.class != "" {
		class, word = quantity.Class(x.class), strings.ReplaceAll(x.class, "_", "-")
	}
	if len(x.states) > 0 {
		class, word = "state", "state"
	}
	if x.table == "coil" || x.table == "discrete" {
		class, word = "alarm", "alarm"
		x.states = []state{{0, "clear"}, {1, x.name}}
	}
	if class == "" || !class.Valid() {
		d.leave(x.name, "no quantity could be told from its name and unit")
		return
	}
	if x.table == "coil" || x.table == "discrete" {
		x.kind = "bool"
	}
	fields := []string{"register", strconv.Itoa(x.address), "table", x.table, "type", x.kind}
	source := x.name
	if source == "" {
		source = fmt.Sprintf("register %d", x.address)
	}
	if wide[x.kind] {
		if x.order == "" {
			unsure = append(unsure, "word order is not told, the high word is taken to stand first")
		} else {
			fields = append(fields, "word_order", x.order)
		}
	}
	if table := modiconTable(x.address); table != "" && !x.modicon {
		unsure = append(unsure, fmt.Sprintf("%d looks like the Modicon number of register %d of table %s, and is taken as it is", x.address, x.address%10000-1, table))
	}
	fields = append(fields, "class", string(class), "source", source)
	if !class.Enumerated() && class.Unit() != "" {
		switch {
		case unit != "" && fits(class, unit):
			fields = append(fields, "unit", unit)
		default:
			fields = append(fields, "unit", class.Unit())
			unsure = append(unsure, "unit is not told")
		}
		if s := scale * x.scale; s != 1 {
			fields = append(fields, "scale", strconv.FormatFloat(s, 'g', 6, 64))
		}
	}
	key := x.key
	if key == "" {
		key = d.key(object{name: name}, word)
	}
	comment := ""
	if len(unsure) > 0 {
		comment = "check: " + strings.Join(unsure, ", ")
	}
	d.add(key, fields, object{enum: x.states}, comment)
}
