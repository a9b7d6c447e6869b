package workshop

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/aisle-dcim/aisle/models/quantity"
)

// draft is a profile that is being made. A person has to look at every line
// of it: names and units are guessed.
type draft struct {
	name, title, source, protocol string
	points                        []draftPoint
	// left out, with the reason
	left []string
	// remarks on the whole of it
	remarks []string
	keys    map[string]int
	// prefix of all objects, for the match rule
	prefix []string
}

type draftPoint struct {
	node    *yaml.Node
	comment string
}

// object adds an object of a MIB.
func (d *draft) object(o object) {
	fields := []string{}
	put := func(key, value string) { fields = append(fields, key, value) }
	name, comment := "", ""
	where, at := "oid", o.oid
	if o.column != "" {
		where, at = "column", o.column
	}
	switch {
	case o.text && measures.MatchString(o.name):
		d.leave(o.name, "a text, perhaps with a number in it")
		return
	case o.text:
		return // identity at most
	case len(o.enum) > 1:
		if !stateful.MatchString(o.name) && !alarming.MatchString(o.name) || switchable.MatchString(o.name) && !strings.Contains(strings.ToLower(o.name), "stat") {
			d.leave(o.name, "a choice that does not look like a state")
			return
		}
		name = "state"
		put("class", "state")
	default:
		g := o.measure()
		plain, _ := nameScale(o.name)
		told := g.unit
		if isTime(told) && g.unitFrom != fromUnits {
			told = "" // a time is told by its UNITS or type alone
		}
		class, word := guessClass(plain, told)
		switch {
		case class == "":
			d.leave(o.name, "no quantity could be told from its name and unit")
			return
		case g.unitFrom == fromUnits && !fits(class, g.unit):
			d.leave(o.name, "its unit "+g.unit+" is none of "+string(class))
			return
		case unmeasured.MatchString(o.name) && class != quantity.Runtime && (g.unitFrom == "" || g.unitFrom == fromText || !fits(class, g.unit)):
			d.leave(o.name, "by its name it goes with a measurement, and is none")
			return
		case class == quantity.Current && g.unit == "" && isPresent(o.name):
			d.leave(o.name, "current may mean what is now")
			return
		case flag.MatchString(strings.ToUpper(o.name[:1])+o.name[1:]) && o.units == "":
			d.leave(o.name, "an alarm: what its numbers mean is not told")
			return
		}
		name = word
		put("class", string(class))
		var unsure []string
		if !fits(class, g.unit) || g.unit == "" {
			g.unit, g.unitFrom = class.Unit(), ""
		}
		if g.unit != "" {
			put("unit", g.unit)
			switch g.unitFrom {
			case "":
				unsure = append(unsure, "unit is not told")
			case fromText:
				unsure = append(unsure, "unit is from the description")
			case fromName:
				unsure = append(unsure, "unit is from the name")
			}
		}
		switch {
		case g.scale != 1:
			put("scale", strconv.FormatFloat(g.scale, 'g', -1, 64))
			switch g.scaleFrom {
			case fromText:
				unsure = append(unsure, "scale is from the description")
			case fromName:
				unsure = append(unsure, "scale is from the name")
			}
		case g.unit != "" && g.unitFrom != fromUnits:
			unsure = append(unsure, "scale is not told")
		}
		if nominal.MatchString(o.name) || class == quantity.Delay {
			put("group", "slow")
			unsure = append(unsure, "by its name a setting, rating or extreme, not what is measured now")
		}
		if len(unsure) > 0 {
			comment = "check: " + strings.Join(unsure, ", ")
		}
	}
	if len(o.enum) > 1 {
		var unknown []string
		for _, s := range o.enum {
			if _, told := guessSeverity(o.name, s.text); !told {
				unknown = append(unknown, s.text)
			}
		}
		if len(unknown) > 0 {
			comment = "check: severity is not told of " + strings.Join(unknown[:min(len(unknown), 5)], ", ")
		}
	}
	key := d.key(o, name)
	d.add(key, append([]string{where, at, "source", o.name}, fields...), o, comment)
}

// key makes the path of a point from the words of the object's name.
func (d *draft) key(o object, quantityName string) string {
	plain, _ := nameScale(o.name)
	component := words(plain)
	component = slices.DeleteFunc(component, func(w string) bool {
		return slices.Contains(strings.Split(quantityName, "-"), w) || w == "status" || w == "value"
	})
	path, phase := "", ""
	for _, w := range component {
		switch {
		case phasePattern.MatchString(w):
			phase = "/" + strings.ToUpper(w)
		case path == "":
			path = w
		default:
			path += "-" + w
		}
	}
	path += phase
	if o.column != "" {
		n := max(1, len(o.index))
		for i := range n {
			path += "/{" + indexName(o, i) + "}"
		}
	}
	return strings.Trim(path+"/"+quantityName, "/")
}

func indexName(o object, i int) string {
	if i < len(o.index) {
		if w := words(o.index[i]); len(w) > 0 {
			return strings.ReplaceAll(w[len(w)-1], "-", "") + strings.Repeat("x", i)
		}
	}
	return "n" + strings.Repeat("x", i)
}

var (
	wordPattern  = regexp.MustCompile(`[Ll][1-3]\b|[A-Z]+[a-z]*|[a-z]+|[0-9]+`)
	phasePattern = regexp.MustCompile(`^l[1-3]$`)
)

// words splits batteryCurrentL1 and BATTERY_CURRENT alike.
func words(name string) []string {
	var out []string
	for _, w := range wordPattern.FindAllString(name, -1) {
		out = append(out, strings.ToLower(w))
	}
	return out
}

func firstSentence(s string) string {
	if i := strings.Index(s, ". "); i > 0 {
		return s[:i]
	}
	return s
}

// measures are words in the names of what is measured.
var measures = regexp.MustCompile(`(?i)(volt|current|amp|power|watt|energy|temp|humid|freq|load|charge|percent)`)

func (d *draft) leave(name, why string) { d.left = append(d.left, plainText(name)+": "+why) }

func (d *draft) remark(format string, args ...any) {
	d.remarks = append(d.remarks, fmt.Sprintf(format, args...))
}

// plainText is foreign text on one line, fit to stand in a comment.
func plainText(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

func (d *draft) add(key string, fields []string, o object, comment string) {
	if d.keys == nil {
		d.keys = map[string]int{}
	}
	if d.keys[key]++; d.keys[key] > 1 {
		i := strings.LastIndexByte(key, '/')
		key = key[:i+1] + "other-" + strconv.Itoa(d.keys[key]) + "-" + key[i+1:]
	}
	n := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	scalar := func(v string) *yaml.Node {
		s := &yaml.Node{Kind: yaml.ScalarNode, Value: v}
		if v == "%" || v == "" || strings.ContainsAny(v, ":{}[],#") {
			s.Style = yaml.DoubleQuotedStyle
		}
		return s
	}
	pair := func(k string, v *yaml.Node) { n.Content = append(n.Content, scalar(k), v) }
	pair("key", scalar(key))
	for i := 0; i+1 < len(fields); i += 2 {
		pair(fields[i], scalar(fields[i+1]))
	}
	if o.column != "" {
		list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for i := range max(1, len(o.index)) {
			list.Content = append(list.Content, scalar(indexName(o, i)))
		}
		pair("index", list)
	}
	if len(o.enum) > 1 {
		m := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
		for _, s := range o.enum {
			m.Content = append(m.Content, scalar(strconv.FormatInt(s.number, 10)), stateNode(o.name, s.text, scalar))
		}
		pair("states", m)
	}
	d.points = append(d.points, draftPoint{n, comment})
	if at := strings.TrimSuffix(o.oid, ".0") + o.column; at != "" {
		d.common(at)
	}
}

func stateNode(of, text string, scalar func(string) *yaml.Node) *yaml.Node {
	severity, _ := guessSeverity(of, text)
	if unmarked(text) == text { // words parts names of English letters
		text = strings.Join(words(text), " ")
	}
	m := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	m.Content = append(m.Content, scalar("text"), scalar(text), scalar("severity"), scalar(severity))
	return m
}

// common keeps the longest beginning of all object identifiers.
func (d *draft) common(oid string) {
	parts := strings.Split(oid, ".")
	if d.prefix == nil {
		d.prefix = parts
		return
	}
	n := 0
	for n < len(d.prefix) && n < len(parts) && d.prefix[n] == parts[n] {
		n++
	}
	d.prefix = d.prefix[:n]
}

// yaml writes the draft.
func (d *draft) yaml() []byte {
	var b bytes.Buffer
	w := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	w("# Draft: names, units and severities are guessed. Check each against a device:\n")
	w("#   aisle profile lint %s.yaml\n#   aisle profile test RECORDING --profile %s --profiles-dir .\n", d.name, d.name)
	for _, r := range d.remarks {
		w("# check: %s\n", r)
	}
	w("profile: %s\ntitle: %s\nkind: other\nsynthetic: true\nsource: %s\n", d.name, quote(d.title), quote(d.source))
	if d.protocol == "modbus" {
		w("protocol: modbus\n")
	} else {
		w("extends: [mib2-system]\n")
		enterprise := d.prefix
		if len(enterprise) > 7 {
			enterprise = enterprise[:7]
		}
		w("match:\n  - sysObjectID: [%s]\n    present: [%s]\n", strings.Join(enterprise, "."), strings.Join(d.prefix, "."))
	}
	w("points:\n")
	for _, p := range d.points {
		out, err := yaml.Marshal(p.node)
		if err != nil {
			continue // nodes of our own making
		}
		line := strings.Join(strings.Fields(string(out)), " ")
		if p.comment != "" {
			line += " # " + plainText(p.comment)
		}
		w("  - %s\n", line)
	}
	if len(d.left) > 0 {
		w("# Left out:\n")
		for _, l := range d.left {
			w("#   %s\n", l)
		}
	}
	return b.Bytes()
}

func quote(s string) string { return strconv.Quote(s) }
