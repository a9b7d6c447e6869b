package profile

// Register tells where a Modbus value stands and how its registers are put
// together. Addresses are 0-based, as on the wire.
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
