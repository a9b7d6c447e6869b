package workshop

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sleepinggenius2/gosmi"
	"github.com/sleepinggenius2/gosmi/parser"
	smireader "github.com/sleepinggenius2/gosmi/smi"
	"github.com/sleepinggenius2/gosmi/types"

	"github.com/aisle-dcim/aisle/collectors/profile"
)

// smi holds what nearly every vendor's module imports.
//
//go:embed smi
var smi embed.FS

// reading: the reader of MIB files keeps its state for the whole process.
var reading sync.Mutex

// object is one readable object of a MIB.
type object struct {
	name, oid, column  string
	units, description string
	enum               []state
	text               bool
	index              []string
}

type state struct {
	number int64
	text   string
}

// FromMIB drafts a profile named name from a MIB file. Modules that it imports
// are looked for in its own folder and in dirs.
func FromMIB(name, file string, dirs ...string) ([]byte, error) {
	objects, module, err := readMIB(file, dirs)
	if err != nil {
		return nil, err
	}
	d := draft{name: name, title: module, source: module, protocol: "snmp"}
	for _, o := range objects {
		d.object(o)
	}
	if len(d.points) == 0 {
		return nil, fmt.Errorf("%s: none of its %d readable objects looks like a measured value", file, len(objects))
	}
	return d.yaml(), nil
}

// MIBFile is a MIB file that was read.
type MIBFile struct{ Name, Text string }

// moduleName finds the module that a MIB file defines.
var moduleName = regexp.MustCompile(`(?m)^\s*([A-Z][A-Za-z0-9-]{0,63})\s+DEFINITIONS\b`)

// FromMIBFiles is FromMIB of files that were read: the first one is drafted
// from, the others are what it imports.
func FromMIBFiles(name string, files ...MIBFile) ([]byte, error) {
	dir, err := os.MkdirTemp("", "aisle-mib-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder that stays does no harm
	var first string
	for i, f := range files {
		m := moduleName.FindStringSubmatch(f.Text)
		if m == nil {
			return nil, fmt.Errorf("%s: not a MIB that can be read: it defines no module", f.Name)
		}
		file := filepath.Join(dir, m[1])
		if err := os.WriteFile(file, []byte(f.Text), 0o600); err != nil {
			return nil, err
		}
		if i == 0 {
			first = file
		}
	}
	data, err := FromMIB(name, first)
	if err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Error(), first, files[0].Name))
	}
	return data, nil
}

// fault tells where the text of a MIB cannot be read and why, behind a colon;
// empty when the fault lies elsewhere, as in a module that it imports.
func fault(data []byte) string {
	_, err := parser.Parse(bytes.NewReader(data))
	if err == nil {
		return ""
	}
	const told = 200
	s := plainText(err.Error())
	if r := []rune(s); len(r) > told {
		s = string(r[:told]) + "…"
	}
	return ": line " + s
}

func readMIB(file string, dirs []string) (out []object, module string, err error) {
	data, err := os.ReadFile(file) //nolint:gosec // the person names the file
	if err != nil {
		return nil, "", err
	}
	reading.Lock()
	defer reading.Unlock()
	defer func() {
		// The reader panics on some of the faults that vendors' files have.
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: not a MIB that can be read: %v", file, r)
		}
	}()
	gosmi.Init()
	defer gosmi.Exit()
	gosmi.SetPath(strings.Join(append([]string{filepath.Dir(file)}, dirs...), string(os.PathListSeparator)))
	common, err := fs.Sub(smi, "smi")
	if err != nil {
		return nil, "", err
	}
	gosmi.AppendFS(gosmi.NamedFS("built-in", common.(fs.ReadDirFS)))
	// GetModule of the reader loads as LoadModule does, which would print to
	// standard output what it finds wrong.
	loaded := smireader.GetModule(filepath.Base(file))
	if loaded == nil {
		return nil, "", fmt.Errorf("%s: not a MIB that can be read%s", file, fault(data))
	}
	module = string(loaded.Name)
	m, err := gosmi.GetModule(module)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", file, err)
	}
	text := bare(data)
	places, rows, syntaxes := placesOf(text), rowsOf(text), syntaxesOf(text)
	indexes := map[string][]string{}
	for _, row := range m.GetNodes(types.NodeRow) {
		var names []string
		for _, x := range row.GetIndex() {
			names = append(names, x.Name)
		}
		if len(names) == 0 { // it augments another, or imports what the reader does not find
			names = rows.index(row.Name)
		}
		oid := row.RenderNumeric()
		if at := places.of(row.Name); at != "" {
			oid = at
		}
		indexes[oid] = names
	}
	for _, n := range m.GetNodes(types.NodeScalar | types.NodeColumn) {
		if n.Access != types.AccessReadOnly && n.Access != types.AccessReadWrite {
			continue
		}
		if n.Type == nil && !wholeNumbers[syntaxes[n.Name]] {
			continue
		}
		oid := n.RenderNumeric()
		if at := places.of(n.Name); at != "" {
			oid = at // the reader does not place what refers to a name behind it
		}
		if _, err := profile.ParseOID(oid); err != nil {
			continue
		}
		o := object{name: n.Name, description: n.Description}
		if n.Kind == types.NodeColumn {
			o.column = oid
			o.index = indexes[oid[:max(0, strings.LastIndexByte(oid, '.'))]]
		} else {
			o.oid = oid + ".0"
		}
		if n.Type == nil { // a type that the file uses and does not import
			out = append(out, o)
			continue
		}
		if o.units = n.Type.Units; o.units == "" && intervals[n.Type.Name] && !moment.MatchString(n.Name) {
			o.units = "0.01 seconds"
		}
		switch n.Type.BaseType {
		case types.BaseTypeOctetString, types.BaseTypeBits, types.BaseTypeObjectIdentifier, types.BaseTypePointer:
			o.text = true
		}
		if n.Type.Enum != nil && n.Type.BaseType != types.BaseTypeBits {
			for _, v := range n.Type.Enum.Values {
				o.enum = append(o.enum, state{v.Value, v.Name})
			}
			slices.SortFunc(o.enum, func(a, b state) int { return int(a.number - b.number) })
		}
		out = append(out, o)
	}
	if len(out) == 0 {
		return nil, "", fmt.Errorf("%s: module %s has no readable objects", file, module)
	}
	return out, module, nil
}

// intervals are the types that are hundredths of a second (RFC 2578 section
// 7.1.8, RFC 2579) and, unlike TimeStamp, no moment.
var intervals = map[string]bool{"TimeTicks": true, "TimeInterval": true}

// moment finds names of TimeTicks that tell when something was.
var moment = regexp.MustCompile(`(?i)last|stamp|chang|since|when|(start|end|event|alarm|trap|log)(ed)?time|timeof`)

// place is "name ::= { parent number }".
type place struct{ parent, number string }

type placeMap map[string]place

var placePattern = regexp.MustCompile(`(?s)\b([a-z][\w-]*)\s+(?:OBJECT\s+IDENTIFIER|OBJECT-TYPE|MODULE-IDENTITY|OBJECT-IDENTITY)\b([^{}]*(?:\{[^{}]*\}[^{}]*?)*?)::=\s*\{\s*([\w-]+)((?:\s+\w+\(\d+\))*)\s+(\d+)\s*\}`)

// bare is the text of a MIB without comments and descriptions.
func bare(data []byte) string {
	text := regexp.MustCompile(`--[^\n]*`).ReplaceAllString(string(data), "")
	return regexp.MustCompile(`(?s)"[^"]*"`).ReplaceAllString(text, "")
}

// row is what a definition says of the index of its table.
type row struct {
	augments string
	names    []string
}

type rowMap map[string]row

var rowPattern = regexp.MustCompile(`(?s)\b([a-z][\w-]*)\s+OBJECT-TYPE\b(?:[^{}:]|:[^:])*?\b(INDEX|AUGMENTS)\s*\{([^{}]*)\}`)

func rowsOf(text string) rowMap {
	out := rowMap{}
	for _, m := range rowPattern.FindAllStringSubmatch(text, -1) {
		var names []string
		for _, name := range strings.Split(m[3], ",") {
			if words := strings.Fields(name); len(words) > 0 { // IMPLIED may stand before it
				names = append(names, words[len(words)-1])
			}
		}
		switch {
		case len(names) == 0:
		case m[2] == "AUGMENTS":
			out[m[1]] = row{augments: names[0]}
		default:
			out[m[1]] = row{names: names}
		}
	}
	return out
}

// index names what the rows of a table are numbered by.
func (r rowMap) index(name string) []string {
	for range 8 {
		x := r[name]
		if x.augments == "" {
			return x.names
		}
		name = x.augments
	}
	return nil
}

// wholeNumbers are the types of whole numbers that every file means alike,
// whether it imports them or not.
var wholeNumbers = map[string]bool{
	"INTEGER": true, "Integer32": true, "Unsigned32": true, "UInteger32": true, "Gauge": true, "Gauge32": true, "Counter": true, "Counter32": true, "Counter64": true,
}

var syntaxPattern = regexp.MustCompile(`\b([a-z][\w-]*)\s+OBJECT-TYPE\s+SYNTAX\s+([A-Z][\w-]*)`)

// syntaxesOf are the types of objects as they are written.
func syntaxesOf(text string) map[string]string {
	out := map[string]string{}
	for _, m := range syntaxPattern.FindAllStringSubmatch(text, -1) {
		out[m[1]] = m[2]
	}
	return out
}

func placesOf(text string) placeMap {
	out := placeMap{}
	for _, m := range placePattern.FindAllStringSubmatch(text, -1) {
		number := m[5]
		for _, step := range regexp.MustCompile(`\((\d+)\)`).FindAllStringSubmatch(m[4], -1) {
			number = step[1] + "." + number
		}
		out[m[1]] = place{m[3], number}
	}
	return out
}

// roots are the names that stand in no vendor's file.
var roots = map[string]string{
	"iso": "1", "org": "1.3", "dod": "1.3.6", "internet": "1.3.6.1", "mgmt": "1.3.6.1.2", "mib-2": "1.3.6.1.2.1",
	"experimental": "1.3.6.1.3", "private": "1.3.6.1.4", "enterprises": "1.3.6.1.4.1", "snmpModules": "1.3.6.1.6.3",
}

// of gives the dotted identifier, empty when a parent is in another file.
func (p placeMap) of(name string) string {
	oid := ""
	for range 64 {
		if root, ok := roots[name]; ok {
			return root + oid
		}
		at, ok := p[name]
		if !ok {
			return ""
		}
		oid = "." + at.number + oid
		name = at.parent
	}
	return ""
}
