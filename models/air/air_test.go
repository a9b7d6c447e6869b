package air

import (
	"math"
	"testing"
)

// The values are those of the ASHRAE Handbook's formulas, worked out apart.
func TestSaturationPressure(t *testing.T) {
	for temperature, want := range map[float64]float64{-10: 259.90, 0: 611.21, 20: 2338.80, 24: 2985.13, 27: 3567.31, 32: 4758.53} {
		if got := SaturationPressure(temperature); math.Abs(got-want) > 0.006 {
			t.Errorf("%v °C: %.3f Pa, want %.2f", temperature, got, want)
		}
	}
}

func TestDewPoint(t *testing.T) {
	for _, x := range []struct{ t, rh, want float64 }{
		{18, 60, 10.13}, {22, 50, 11.11}, {24, 45, 11.35}, {27, 60, 18.58}, {32, 80, 28.11}, {27, 8, -8.94}, {20, 100, 20},
	} {
		if got, ok := DewPoint(x.t, x.rh); !ok || math.Abs(got-x.want) > 0.006 {
			t.Errorf("%v °C, %v %%: %.3f °C, %t; want %.2f", x.t, x.rh, got, ok, x.want)
		}
	}
	for _, x := range [][2]float64{{20, 0}, {20, -1}, {20, 101}, {150, 50}, {math.NaN(), 50}, {20, math.NaN()}} {
		if got, ok := DewPoint(x[0], x[1]); ok {
			t.Errorf("%v gives %v", x, got)
		}
	}
}

func BenchmarkDewPoint(b *testing.B) {
	for b.Loop() {
		DewPoint(24, 45)
	}
}
