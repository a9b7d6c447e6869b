package profile

import "fmt"

// Register tells where a Modbus value stands. Addresses are 0-based, as on
// the wire.
type Register struct {
	// Table is holding, input, coil or discrete.
	Table string
	// Address is the first register or bit.
	Address uint16
	// Count is how many registers (or bits) the value takes.
	Count uint16
	// Unit overrides the unit id of the device when not nil.
	Unit *uint8
}

// String names the register for humans and tests: "holding 130".
func (r Register) String() string {
	if r.Unit != nil {
		return fmt.Sprintf("%s %d unit %d", r.Table, r.Address, *r.Unit)
	}
	return fmt.Sprintf("%s %d", r.Table, r.Address)
}

// Bit reports whether the table holds single bits.
func (r Register) Bit() bool { return r.Table == "coil" || r.Table == "discrete" }
