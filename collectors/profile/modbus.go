package profile

// ModbusIdentityNeeds lists the registers that tell what a Modbus device is.
// Each must be read in a request of its own: some devices answer a register
// read alone with their model, and the same register in a block with a
// measurement.
func (p *Profile) ModbusIdentityNeeds() []Register {
	var out []Register
	for _, f := range p.Identity {
		if r, ok := f.registerOf(); ok {
			out = append(out, r)
		}
	}
	return out
}

// ModbusRequirements lists the registers of the settings that the register
// map depends on.
func (p *Profile) ModbusRequirements() []Register {
	var out []Register
	for _, q := range p.Device.Require {
		if r, ok := q.registerOf(); ok {
			out = append(out, r)
		}
	}
	return out
}

// Unmet returns the messages of the requirements that do not hold: while there
// are any, the registers mean something else than the profile says.
func (p *Profile) Unmet(view ModbusView) []string {
	var out []string
	for _, q := range p.Device.Require {
		if !q.holds(source{modbus: view, device: &p.Device}, nil) {
			out = append(out, q.Message)
		}
	}
	return out
}

// guards lists the registers on whose value the meaning of a point depends.
func (p *Point) guards(own Register) []Register {
	var out []Register
	add := func(r Ref) {
		if g, ok := r.registerOf(); ok {
			g.Unit = own.Unit
			out = append(out, g)
		}
	}
	for _, c := range p.When {
		add(c.Ref)
	}
	for _, c := range p.Where {
		add(c.Ref)
	}
	for _, s := range p.Select {
		add(s.Ref)
		if s.Balance != nil {
			for _, r := range append(append([]Ref{}, s.Balance.Sum...), s.Balance.Equals...) {
				add(r)
			}
		}
	}
	return out
}
