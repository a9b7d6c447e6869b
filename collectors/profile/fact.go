package profile

// Fact is what a device holds of who it is, in one object.
type Fact struct {
	// Field is that of the identity: serial, mac, name …
	Field string
	// OID is that of the object; empty for a register.
	OID string
	// Text is what the identity makes of it.
	Text string
}

// Facts lists all that a device holds of its identity by the profile, whether or
// not it holds anything else of it: of a column each row, for each unit of a
// chain has a serial number.
func (p *Profile) Facts(view View) []Fact {
	src := source{snmp: view, cells: map[string]map[string]Raw{}}
	if p.Base != "" {
		src.moved = p.move(src.scalar(SysObjectIDOID).String())
	}
	return p.facts(src)
}

// ModbusFacts is Facts of registers that were read.
func (p *Profile) ModbusFacts(view ModbusView) []Fact {
	p = p.On(view)
	return p.facts(source{modbus: view, device: &p.Device})
}

func (p *Profile) facts(src source) []Fact {
	var out []Fact
	add := func(field, oid, text string) {
		if text != "" {
			out = append(out, Fact{field, oid, text})
		}
	}
	for _, q := range append([]*Profile{p}, p.fallback...) {
		for name, f := range q.Identity {
			switch {
			case f.Const != "":
			case f.Column != "":
				column := src.moved.oid(f.Column)
				for _, row := range src.column(f.Column) {
					add(name, column+"."+joinIndex(row.Index), f.render(row.Raw))
				}
			case f.OID != "":
				add(name, src.moved.oid(f.OID), f.text(src))
			default:
				add(name, "", f.text(src))
			}
		}
	}
	return out
}
