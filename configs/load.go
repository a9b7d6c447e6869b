package configs

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bounds of what is read.
const (
	maxFileBytes   = 1 << 20
	maxSecretBytes = 64 << 10
)

// Fault is one thing wrong with the configuration.
type Fault struct {
	// Path is the key, "server.listen"; empty for the file as a whole.
	Path string
	// Line is where in the file, counted from 1; zero when the value does
	// not come from the file.
	Line int
	// Variable is the environment variable the value comes from, if any.
	Variable string
	// Problem says what is wrong and Remedy what to do.
	Problem, Remedy string
}

// Faults are all that is wrong, in the order of the file.
type Faults struct {
	// File is the name of the file, empty when there is none.
	File string
	List []Fault
}

// Error lists all faults, one a line.
func (f *Faults) Error() string {
	var b strings.Builder
	for i, x := range f.List {
		if i > 0 {
			b.WriteByte('\n')
		}
		switch {
		case x.Variable != "":
			b.WriteString(x.Variable + ": ")
		case x.Line > 0:
			fmt.Fprintf(&b, "%s:%d: ", f.File, x.Line)
		case f.File != "":
			b.WriteString(f.File + ": ")
		}
		if x.Path != "" {
			b.WriteString(x.Path + ": ")
		}
		b.WriteString(x.Problem)
		if x.Remedy != "" {
			b.WriteString("; " + x.Remedy)
		}
	}
	return b.String()
}

// Load reads the file at path (none when empty), applies the environment and
// checks the result. env is os.LookupEnv or its like; nil means no environment.
// What is wrong with the content is returned as *Faults, all of it at once.
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	if path == "" {
		return parse("", nil, env)
	}
	data, err := readBounded(path, maxFileBytes)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return parse(path, data, env)
}

// Parse is Load for content that was read already; name stands for the file in
// messages, and relative *_file paths are relative to its folder.
func Parse(name string, data []byte, env func(string) (string, bool)) (*Config, error) {
	return parse(name, data, env)
}

type loader struct {
	file   string
	env    func(string) (string, bool)
	faults []Fault
	// from tells where each path got its value.
	from map[string]Fault
}

func parse(name string, data []byte, env func(string) (string, bool)) (*Config, error) {
	if env == nil {
		env = func(string) (string, bool) { return "", false }
	}
	l := &loader{file: filepath.Base(name), env: env, from: map[string]Fault{}}
	if name == "" {
		l.file = ""
	}
	c := Default()
	v := reflect.ValueOf(c).Elem()
	if len(data) > 0 {
		l.document(v, data, filepath.Dir(name))
	}
	l.environment(v, "")
	l.chooseDataDir(c)
	c.validate(func(path, problem, remedy string) {
		// A value that could not be read at all has its fault already.
		if !slices.ContainsFunc(l.faults, func(f Fault) bool { return f.Path == path || f.Path == path+"_file" }) {
			l.fault(path, problem, remedy)
		}
	})
	if len(l.faults) > 0 {
		sort.SliceStable(l.faults, func(i, j int) bool {
			a, b := l.faults[i].Line, l.faults[j].Line
			return a != 0 && (b == 0 || a < b)
		})
		return nil, &Faults{File: l.file, List: l.faults}
	}
	return c, nil
}

// Validate checks a configuration that was made or changed by the program,
// for example by flags, and returns *Faults.
func (c *Config) Validate() error {
	f := &Faults{}
	c.validate(func(path, problem, remedy string) {
		f.List = append(f.List, Fault{Path: path, Problem: problem, Remedy: remedy})
	})
	if len(f.List) > 0 {
		return f
	}
	return nil
}

func (l *loader) fault(path, problem, remedy string) {
	f, ok := l.from[path]
	// A default that does not go with the rest is told at its section.
	for at := path; !ok; {
		dot := strings.LastIndexByte(at, '.')
		if dot < 0 {
			break
		}
		at = at[:dot]
		f, ok = l.from[at]
	}
	f.Path, f.Problem, f.Remedy = path, problem, remedy
	l.faults = append(l.faults, f)
}

func (l *loader) at(path string, n *yaml.Node) { l.from[path] = Fault{Line: n.Line} }

func (l *loader) document(v reflect.Value, data []byte, dir string) {
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if !errors.Is(err, io.EOF) {
			l.syntax(err)
		}
		return
	}
	var second yaml.Node
	if err := dec.Decode(&second); err == nil {
		l.faults = append(l.faults, Fault{
			Line: second.Line, Problem: "a second document begins here", Remedy: "keep one document, without ---",
		})
	} else if !errors.Is(err, io.EOF) {
		l.syntax(err)
	}
	if len(doc.Content) == 1 {
		if root := doc.Content[0]; root.Tag != "!!null" {
			l.section(v, root, "", dir)
		}
	}
}

// syntax turns "yaml: line 3: …" of the parser into a fault with its line.
func (l *loader) syntax(err error) {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	f := Fault{Problem: "not valid YAML: " + msg, Remedy: "check indentation, colons and quotes near here"}
	if rest, ok := strings.CutPrefix(msg, "line "); ok {
		if n, text, ok := strings.Cut(rest, ": "); ok {
			if line, err := strconv.Atoi(n); err == nil {
				f.Line, f.Problem = line, "not valid YAML: "+text
			}
		}
	}
	l.faults = append(l.faults, f)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

var (
	secretType   = reflect.TypeFor[Secret]()
	durationType = reflect.TypeFor[Duration]()
	sizeType     = reflect.TypeFor[Size]()
	prefixesType = reflect.TypeFor[[]netip.Prefix]()
)

func isSection(t reflect.Type) bool { return t.Kind() == reflect.Struct && t != secretType }

// keys returns the keys of a section and the index of each one's field; a
// secret's _file key has the secret's field.
func keys(t reflect.Type) (names []string, field map[string]int) {
	field = map[string]int{}
	for i := range t.NumField() {
		name := t.Field(i).Tag.Get("yaml")
		names, field[name] = append(names, name), i
		if t.Field(i).Type == secretType {
			names, field[name+"_file"] = append(names, name+"_file"), i
		}
	}
	return names, field
}

func (l *loader) section(v reflect.Value, n *yaml.Node, path, dir string) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		l.at(path, n)
		l.fault(path, "anchors and aliases are not allowed", "write the values out")
		return
	}
	if n.Kind != yaml.MappingNode {
		l.at(path, n)
		what := "the configuration"
		if path != "" {
			what = "this section"
		}
		l.fault(path, what+" must be keys with values", "write each key on a line of its own, followed by a colon")
		return
	}
	names, field := keys(v.Type())
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		p := join(path, clipKey(key.Value))
		l.at(p, key)
		if first := seen[key.Value]; first != 0 {
			l.fault(p, fmt.Sprintf("given twice, first in line %d", first), "remove one")
			continue
		}
		seen[key.Value] = key.Line
		f, ok := field[key.Value]
		if !ok {
			remedy := "keys here are " + strings.Join(names, ", ")
			if near := nearest(key.Value, names); near != "" {
				remedy = "did you mean " + near + "?"
			}
			l.fault(p, "unknown key", remedy)
			continue
		}
		base := v.Type().Field(f).Tag.Get("yaml")
		if v.Type().Field(f).Type == secretType && seen[base] != 0 && seen[base+"_file"] != 0 {
			l.fault(p, fmt.Sprintf("both %s and %s_file are given", base, base), "remove one")
			continue
		}
		target := v.Field(f)
		switch {
		case isSection(target.Type()):
			if val.Tag != "!!null" {
				l.section(target, val, p, dir)
			}
		case key.Value != base:
			l.secretFile(target, val, p, dir)
		default:
			l.value(target, val, p)
		}
	}
}

func clipKey(s string) string {
	if len(s) > 60 {
		s = s[:60] + "…"
	}
	return s
}

// value decodes a scalar or a list of scalars.
func (l *loader) value(v reflect.Value, n *yaml.Node, path string) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		l.fault(path, "anchors and aliases are not allowed", "write the values out")
		return
	}
	if n.Tag == "!!null" {
		l.fault(path, "has no value", `remove the key, or write "" for nothing`)
		return
	}
	if v.Type() == prefixesType {
		if n.Kind != yaml.SequenceNode {
			l.fault(path, "must be a list", `write it as ["10.0.0.0/8", "192.168.0.0/16"]`)
			return
		}
		var items []string
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode || item.Anchor != "" {
				l.at(path, item)
				l.fault(path, "must be a list of plain values", "")
				return
			}
			items = append(items, item.Value)
		}
		l.set(v, items, path)
		return
	}
	if n.Kind != yaml.ScalarNode {
		l.fault(path, "must be a single value", "")
		return
	}
	l.set(v, []string{n.Value}, path)
}

// set parses texts into v; all but lists have exactly one.
func (l *loader) set(v reflect.Value, texts []string, path string) {
	if v.Type() == prefixesType {
		out := []netip.Prefix{}
		for _, s := range texts {
			p, err := parsePrefix(strings.TrimSpace(s))
			if err != nil {
				l.fault(path, fmt.Sprintf("%q is not an address range", clipKey(s)), "write it as 10.0.0.0/8 or fd00::/8")
				return
			}
			out = append(out, p)
		}
		v.Set(reflect.ValueOf(out))
		return
	}
	s := texts[0]
	switch {
	case v.Type() == secretType:
		v.Set(reflect.ValueOf(NewSecret(s)))
	case v.Type() == durationType:
		d, err := ParseDuration(s)
		if err != nil {
			l.fault(path, fmt.Sprintf("%q is not a duration", clipKey(s)), "write a number with a unit: 500ms, 10s, 5m, 8h, 30d")
			return
		}
		v.SetInt(int64(d))
	case v.Type() == sizeType:
		n, err := ParseSize(s)
		if err != nil {
			l.fault(path, fmt.Sprintf("%q is not a size", clipKey(s)), "write a number with a unit: 500MB, 20GiB")
			return
		}
		v.SetInt(int64(n))
	case v.Kind() == reflect.Bool:
		if s != "true" && s != "false" {
			l.fault(path, fmt.Sprintf("%q is neither true nor false", clipKey(s)), "write true or false")
			return
		}
		v.SetBool(s == "true")
	case v.Kind() == reflect.Int:
		n, err := strconv.Atoi(s)
		if err != nil {
			l.fault(path, fmt.Sprintf("%q is not a whole number", clipKey(s)), "")
			return
		}
		v.SetInt(int64(n))
	default:
		v.SetString(s)
	}
}

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Prefix(a.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

func (l *loader) secretFile(v reflect.Value, n *yaml.Node, path, dir string) {
	if n.Kind != yaml.ScalarNode || n.Value == "" || n.Tag == "!!null" {
		l.fault(path, "must be the name of a file", "")
		return
	}
	name := n.Value
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	l.readSecret(v, name, path)
}

func (l *loader) readSecret(v reflect.Value, name, path string) {
	data, err := readBounded(name, maxSecretBytes)
	text := strings.TrimRight(string(data), "\r\n")
	switch {
	case err != nil:
		// The path error names the file and the reason, never content.
		l.fault(path, "secret cannot be read: "+err.Error(), "check that the file exists and that this user may read it")
	case text == "":
		l.fault(path, "the file of the secret is empty", "write the secret into it")
	default:
		v.Set(reflect.ValueOf(NewSecret(text)))
	}
}

// environment overrides every key for which a variable is set.
func (l *loader) environment(v reflect.Value, path string) {
	for i := range v.NumField() {
		p := join(path, v.Type().Field(i).Tag.Get("yaml"))
		f := v.Field(i)
		if isSection(f.Type()) {
			l.environment(f, p)
			continue
		}
		name := Variable(p)
		s, ok := l.env(name)
		if ok {
			l.from[p] = Fault{Variable: name}
			texts := []string{s}
			if f.Type() == prefixesType {
				texts = strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
			}
			l.set(f, texts, p)
		}
		if f.Type() == secretType {
			if file, set := l.env(name + "_FILE"); set && file != "" {
				l.from[p] = Fault{Variable: name + "_FILE"}
				if ok {
					l.fault(p, "both "+name+" and "+name+"_FILE are set", "unset one")
					continue
				}
				l.readSecret(f, file, p)
			}
		}
	}
}

// Variable returns the environment variable of a key: AISLE_SERVER_LISTEN for
// server.listen.
func Variable(path string) string {
	return "AISLE_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

func (l *loader) chooseDataDir(c *Config) {
	if c.DataDir != "" {
		return
	}
	c.DataDir = "data"
	if home, ok := l.env("HOME"); ok && filepath.IsAbs(home) {
		c.DataDir = filepath.Join(home, ".local", "share", "aisle")
	}
	// The XDG base directory specification: relative values are ignored.
	if xdg, ok := l.env("XDG_DATA_HOME"); ok && filepath.IsAbs(xdg) {
		c.DataDir = filepath.Join(xdg, "aisle")
	}
}

func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name) //nolint:gosec // whoever starts the program names the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it is only read
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return data, nil
}
