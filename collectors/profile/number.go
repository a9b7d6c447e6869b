package profile

import (
	"fmt"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// Number is a raw value in a list: a decimal or hexadecimal number, or a text.
type Number struct {
	Int  int64
	Uint uint64
	Text string
	// IsText is true when the value is not a number.
	IsText bool
}

// UnmarshalYAML reads 65535, -1, 0xFFFF or "N/A".
func (n *Number) UnmarshalYAML(v *yaml.Node) error {
	if v.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: want a number or a text", v.Line)
	}
	if u, err := strconv.ParseUint(v.Value, 0, 64); err == nil {
		*n = Number{Int: int64(u), Uint: u, Text: v.Value}
		return nil
	}
	if i, err := strconv.ParseInt(v.Value, 0, 64); err == nil {
		*n = Number{Int: i, Uint: uint64(i), Text: v.Value}
		return nil
	}
	*n = Number{Text: v.Value, IsText: true}
	return nil
}

// UnmarshalYAML reads "10s".
func (d *Duration) UnmarshalYAML(v *yaml.Node) error {
	t, err := time.ParseDuration(v.Value)
	if err != nil || t < 0 {
		return fmt.Errorf("line %d: %q is not a duration such as 10s or 5m", v.Line, v.Value)
	}
	*d = Duration(t)
	return nil
}

// UnmarshalYAML reads {text, severity} or just the text.
func (s *State) UnmarshalYAML(v *yaml.Node) error {
	if v.Kind == yaml.ScalarNode {
		s.Text = v.Value
		return nil
	}
	return strictMapping(v, map[string]func(*yaml.Node) error{
		"text":     func(n *yaml.Node) error { return n.Decode(&s.Text) },
		"severity": func(n *yaml.Node) error { return n.Decode(&s.Severity) },
	})
}

// strictMapping decodes the keys of a mapping and refuses others, which
// yaml.Node.Decode would pass over.
func strictMapping(v *yaml.Node, fields map[string]func(*yaml.Node) error) error {
	if v.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: want a mapping", v.Line)
	}
	for i := 0; i+1 < len(v.Content); i += 2 {
		f, ok := fields[v.Content[i].Value]
		if !ok {
			return fmt.Errorf("line %d: field %s not found", v.Content[i].Line, v.Content[i].Value)
		}
		if err := f(v.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}
