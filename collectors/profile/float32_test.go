package profile

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/aisle-dcim/aisle/models"
)

// The quick way of decoding gives what the long one gives.
func TestFloat32IsDecodedAlike(t *testing.T) {
	regs, err := newRegisterType("f32", "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []*decoder{
		{min: math.Inf(-1), max: math.Inf(1), scale: 1},
		{min: -10, max: 1e6, scale: 0.1, divisor: 10, offset: 3},
		{min: 0, max: math.Inf(1), scale: 1e300, format: "abs"},
		{min: math.Inf(-1), max: math.Inf(1), enumerated: true, invalid: []int64{0}},
	} {
		d.regs = regs
		d.least, d.most = math.Inf(-1), math.Inf(1)
		for _, f := range []float64{0, math.Copysign(0, -1), 1, -1, 3.3, 1e7, -1e30, math.MaxFloat32, math.NaN(), math.Inf(1), math.Inf(-1)} {
			raw := binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(f)))
			got, quality := d.float32(raw)
			want, wantQuality := d.registers(raw)
			if math.Float64bits(got) != math.Float64bits(want) || quality != wantQuality {
				t.Errorf("%g: %g %v, want %g %v", f, got, quality, want, wantQuality)
			}
		}
		if _, quality := d.float32([]byte{1, 2}); quality == models.Good {
			t.Error("half a number is good")
		}
	}
}
