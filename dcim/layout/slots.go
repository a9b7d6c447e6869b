package layout

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
)

// Body is how much room a device takes in a rack.
type Body struct {
	// UHeight is a multiple of 0.5; zero takes no units.
	UHeight   float64
	FullDepth bool
	HalfWidth bool
}

// BodyOf returns the body of a type; a device without one is taken for one
// unit, full depth.
func BodyOf(t *models.DeviceType) Body {
	if t == nil {
		return Body{UHeight: 1, FullDepth: true}
	}
	return Body{UHeight: t.UHeight, FullDepth: t.FullDepth, HalfWidth: t.HalfWidth}
}

// Slots returns the half units that a body takes at a position in the rack, or
// a fault.Invalid when it does not fit the rack at all. It returns none when
// the position names no unit.
func Slots(rack models.Rack, device models.DeviceID, p models.Position, b Body) ([]models.RackSlot, error) {
	if p.PositionU == nil {
		return nil, nil
	}
	u := *p.PositionU
	switch {
	case u*2 != math.Trunc(u*2) || math.Abs(u) > 10_000:
		return nil, fault.Invalid("position_u", "format", "must be a multiple of half a unit")
	case p.Face != models.Front && p.Face != models.Rear:
		return nil, fault.Invalid("face", "required", "must be front or rear for a device in units")
	case b.UHeight <= 0:
		return nil, fault.Invalid("position_u", "zero-u", "the device takes no units; mount it at a side")
	case b.HalfWidth && p.Side == "":
		return nil, fault.Invalid("side", "required", "must be left or right for a half-width device")
	case !b.HalfWidth && p.Side != "":
		return nil, fault.Invalid("side", "full-width", "must be empty for a device of full width")
	}
	first, halves := int(u*2), int(b.UHeight*2)
	if low, high := 2*rack.StartingUnit, 2*(rack.StartingUnit+rack.UHeight); first < low || first+halves > high {
		return nil, fault.Invalid("position_u", "range", fmt.Sprintf("%s does not fit rack %q, which has %s",
			span(first, halves), rack.Name, span(low, high-low)))
	}
	faces := []models.Face{p.Face}
	if b.FullDepth {
		faces = []models.Face{models.Front, models.Rear}
	}
	sides := []models.Side{models.Left, models.Right}
	if b.HalfWidth {
		sides = []models.Side{p.Side}
	}
	out := make([]models.RackSlot, 0, halves*len(faces)*len(sides))
	for h := first; h < first+halves; h++ {
		for _, f := range faces {
			for _, s := range sides {
				out = append(out, models.RackSlot{RackID: rack.ID, HalfUnit: h, Face: f, Side: s, DeviceID: device})
			}
		}
	}
	return out, nil
}

// CheckFree returns a fault.Occupied conflict that names the devices which are
// in the slots, other than the device that they are for.
func CheckFree(tx *gorm.DB, rack models.Rack, slots []models.RackSlot) error {
	if len(slots) == 0 {
		return nil
	}
	faces, sides := map[models.Face]bool{}, map[models.Side]bool{}
	for _, s := range slots {
		faces[s.Face], sides[s.Side] = true, true
	}
	first, last := slots[0].HalfUnit, slots[len(slots)-1].HalfUnit
	var taken []struct {
		Name     string
		Face     string
		HalfUnit int
	}
	err := tx.Raw("SELECT d.name, s.face, s.half_unit FROM rack_slots AS s JOIN devices AS d ON d.id = s.device_id "+
		"WHERE s.rack_id = ? AND s.half_unit BETWEEN ? AND ? AND s.face IN ? AND s.side IN ? AND s.device_id <> ? "+
		"ORDER BY s.half_unit, s.face, s.side", rack.ID, first, last, keys(faces), keys(sides), slots[0].DeviceID).Scan(&taken).Error
	if err != nil {
		return fmt.Errorf("read places in rack %q: %w", rack.Name, err)
	}
	if len(taken) == 0 {
		return nil
	}
	var names, words []string
	known := map[string]bool{}
	for _, t := range taken {
		if !known[t.Name] {
			known[t.Name] = true
			names = append(names, t.Name)
			words = append(words, fmt.Sprintf("%q (U%s %s)", t.Name, unit(t.HalfUnit), t.Face))
		}
	}
	return fault.Conflict(fault.Occupied, "position_u", fmt.Sprintf("%s of rack %q is taken by %s",
		span(first, last-first+1), rack.Name, strings.Join(words, ", ")), names...)
}

func keys[K ~string](m map[K]bool) []K {
	out := make([]K, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

// unit writes the unit that a half unit is in or begins at.
func unit(half int) string {
	return strconv.FormatFloat(float64(half)/2, 'f', -1, 64)
}

// span writes some half units as "U3" or "U3 to U5".
func span(first, halves int) string {
	if halves <= 2 {
		return "U" + unit(first)
	}
	last := first + halves - 2
	if halves%2 == 1 {
		last++
	}
	return "U" + unit(first) + " to U" + unit(last)
}

func list(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = strconv.Quote(n)
	}
	return strings.Join(quoted, ", ")
}
