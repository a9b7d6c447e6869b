// Package air is the physics of moist air, after the ASHRAE Handbook of
// Fundamentals, chapter Psychrometrics.
package air

import "math"

// zeroC is 0 °C in K.
const zeroC = 273.15

// SaturationPressure returns the pressure of saturated water vapour in Pa at t
// in °C, over ice below 0 °C and over water above (Hyland and Wexler 1983). It
// holds from -100 to 200 °C.
func SaturationPressure(t float64) float64 {
	k := t + zeroC
	if t < 0 {
		return math.Exp(-5.6745359e3/k + 6.3925247 + k*(-9.677843e-3+k*(6.2215701e-7+k*(2.0747825e-9-k*9.484024e-13))) + 4.1635019*math.Log(k))
	}
	return math.Exp(-5.8002206e3/k + 1.3914993 + k*(-4.8640239e-2+k*(4.1764768e-5-k*1.4452093e-8)) + 6.5459673*math.Log(k))
}

// DewPoint returns the temperature in °C at which air of t °C and a relative
// humidity of rh % is saturated; below 0 °C it is the frost point. ok is false
// for air that cannot be: t beyond -60 to 100 °C, rh not above 0 or above 100.
func DewPoint(t, rh float64) (dewPoint float64, ok bool) {
	if !(t >= -60 && t <= 100 && rh > 0 && rh <= 100) {
		return 0, false
	}
	pressure := rh / 100 * SaturationPressure(t)
	low, high := -100.0, t
	for range 50 { // 160 K in halves: far below what any sensor tells apart
		middle := (low + high) / 2
		if SaturationPressure(middle) < pressure {
			low = middle
		} else {
			high = middle
		}
		if high-low < 1e-4 {
			break
		}
	}
	return (low + high) / 2, true
}
