package profile

import (
	"fmt"
	"testing"
)

const layered = `profile: %s
kind: meter
source: A
%smatch: [{sysObjectID: [1.3.6.1.4.1.99999.7], sysDescr: "^meter %s$"}]
groups: {fast: 5s}
identity: {%s: {oid: 1.3.6.1.4.1.99999.7.9.0}}
points:
  - {key: %s, class: voltage, unit: V, oid: 1.3.6.1.4.1.99999.7.1.0, source: v}
`

func layer(name, extends, identity, key string) *Layer {
	return ParseFiles([]File{{Name: name + ".yaml", Data: fmt.Appendf(nil, layered, name, extends, name, identity, key)}})
}

// A layer is parsed once and linked many times: a library must not change what
// the next one is made of.
func TestLinkLeavesLayersAlone(t *testing.T) {
	base := layer("base", "", "serial", "input/voltage")
	derived := layer("derived", "extends: [base]\n", "model", "output/voltage")
	first, err := Link(base, derived)
	if err != nil {
		t.Fatal(err)
	}
	other := layer("base", "", "mac", "battery/voltage")
	second, err := Link(base, derived, other)
	if err != nil {
		t.Fatal(err)
	}
	for want, lib := range map[string]*Library{"input/voltage serial": first, "battery/voltage mac": second} {
		p, _ := lib.Get("derived")
		got := p.Points[len(p.Points)-1].Key
		for name := range p.Identity {
			if name != "model" {
				got += " " + name
			}
		}
		if len(p.Points) != 2 || len(p.Identity) != 2 || got != want {
			t.Errorf("%d points, %d of identity, %q, want %q", len(p.Points), len(p.Identity), got, want)
		}
	}
	if got := second.Changed(first); len(got) != 2 {
		t.Errorf("changed: %q", got)
	}
	again, err := Link(base, derived)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Changed(first); len(got) != 0 {
		t.Errorf("the same layers give other profiles: %q", got)
	}
}

// Expressions of sets that are in use no more are not kept.
func TestExpressionsOfOldSetsAreForgotten(t *testing.T) {
	kept := func() (n int) {
		patterns.Range(func(any, any) bool { n++; return true })
		return n
	}
	for i := range 20 {
		lib, err := Link(layer(fmt.Sprintf("meter-%d", i), "", "serial", "input/voltage"))
		if err != nil {
			t.Fatal(err)
		}
		if m := lib.All()[0].Match[0].SysDescr; !matches(m, fmt.Sprintf("meter meter-%d", i)) {
			t.Fatalf("%s does not match", m)
		}
		if n := kept(); n != 1 {
			t.Fatalf("%d expressions are kept after %d sets", n, i+1)
		}
	}
}
