package profile

import (
	"encoding/binary"
	"reflect"
	"slices"
)

// sunSpecBases are the holding registers where a SunSpec map may begin: the
// SunSpec Device Information Model Specification names these three, the first
// being the usual one.
var sunSpecBases = []int{40000, 50000, 0}

// The profiles of SunSpec models are written for a device whose map begins at
// register 40000 and whose model follows a common model of 66 registers.
const (
	sunSpecBase  = 40000
	sunSpecModel = 40070
)

const (
	sunSpecEnd = 0xFFFF // the number of the model that ends the chain
	// maxSunSpecModels bounds a chain that does not end.
	maxSunSpecModels = 64
)

// SunSpec is where the models of a SunSpec device begin. The zero value is a
// device that has none.
type SunSpec struct {
	Base   int
	Models []SunSpecModel
}

// SunSpecModel is one model of the chain.
type SunSpecModel struct {
	ID int
	// Register is the holding register that its number stands in.
	Register int
}

// ReadSunSpec walks the chain of models of a device: the text SunS, then the
// number and the length of each model. A chain that breaks off gives what
// comes before; where a device does not give its common model, that is taken
// to have the usual 66 registers.
func ReadSunSpec(view ModbusView) SunSpec {
	pair := func(at int) (first, second int, ok bool) {
		if at+2 > 1<<16 {
			return 0, 0, false
		}
		b, ok := view.Registers(Register{Table: "holding", Address: uint16(at), Count: 2})
		if !ok || len(b) != 4 {
			return 0, 0, false
		}
		return int(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint16(b[2:])), true
	}
	for _, base := range sunSpecBases {
		if a, b, ok := pair(base); !ok || a != 'S'<<8|'u' || b != 'n'<<8|'S' {
			continue
		}
		s := SunSpec{Base: base}
		for at := base + 2; len(s.Models) < maxSunSpecModels; {
			id, length, ok := pair(at)
			if !ok && at == base+2 {
				at = base + sunSpecModel - sunSpecBase
				id, length, ok = pair(at)
			}
			if !ok || id == sunSpecEnd || id == 0 {
				break
			}
			s.Models = append(s.Models, SunSpecModel{ID: id, Register: at})
			at += 2 + length
		}
		return s
	}
	return SunSpec{}
}

// find returns the first model of a number and its place in the chain.
func (s SunSpec) find(id int) (m SunSpecModel, place int, ok bool) {
	place = slices.IndexFunc(s.Models, func(m SunSpecModel) bool { return m.ID == id })
	if place < 0 {
		return SunSpecModel{}, 0, false
	}
	return s.Models[place], place, true
}

// On returns the profile with its registers where the device has them. That is
// the profile itself unless it is one of a SunSpec model that the device has
// at another place than it is written for.
func (p *Profile) On(view ModbusView) *Profile {
	if p.Device.SunSpec == 0 {
		return p
	}
	return p.placed(ReadSunSpec(view))
}

func (p *Profile) placed(s SunSpec) *Profile {
	m, _, ok := s.find(p.Device.SunSpec)
	if !ok || s.Base == sunSpecBase && m.Register == sunSpecModel {
		return p
	}
	out := deepCopy(reflect.ValueOf(*p)).Interface().(Profile)
	out.file, out.origin, out.fallback, out.digest, out.whole = p.file, p.origin, p.fallback, p.digest, p.whole
	out.Device.SunSpec = 0 // it is done
	move := func(register *int) {
		if register == nil {
			return
		}
		if *register < sunSpecModel {
			*register += s.Base - sunSpecBase
		} else {
			*register += m.Register - sunSpecModel
		}
	}
	for name, f := range out.Identity {
		move(f.Register)
		out.Identity[name] = f
	}
	for i := range out.Device.Require {
		move(out.Device.Require[i].Register)
	}
	for i := range out.Device.Blocks {
		move(&out.Device.Blocks[i].Register)
	}
	for i := range out.Controls {
		x := &out.Controls[i]
		move(x.Register)
		for _, r := range x.refs() {
			move(r.Register)
		}
	}
	for i := range out.Points {
		x := &out.Points[i]
		x.written = &p.Points[i]
		move(x.Register)
		for _, r := range x.refs() {
			move(r.Register)
		}
		if x.ScaleFrom != nil {
			move(&x.ScaleFrom.Register)
		}
	}
	return &out
}

// deepCopy copies a value of exported fields; nothing that it points to is
// shared.
func deepCopy(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(deepCopy(v.Elem()))
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for i := range v.Len() {
				out.Index(i).Set(deepCopy(v.Index(i)))
			}
		}
	case reflect.Map:
		if !v.IsNil() {
			out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
			for at := v.MapRange(); at.Next(); {
				out.SetMapIndex(at.Key(), deepCopy(at.Value()))
			}
		}
	case reflect.Struct:
		out.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(deepCopy(v.Field(i)))
			}
		}
	default:
		out.Set(v)
	}
	return out
}
