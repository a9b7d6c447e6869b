package profile

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// LinkSound makes a library of those profiles of the layers that are without
// fault, and tells the faults of the others by their names. A name that has
// faults is in no layer: what it replaces is another profile, by which nobody
// wants to judge. Those that extend it or fall back to it are left out too.
func LinkSound(layers ...*Layer) (*Library, map[string]Faults, error) {
	out := map[string]Faults{}
	for _, l := range layers {
		seen := map[string]string{}
		for _, file := range l.files {
			name := nameOf(file.name)
			out[name] = append(out[name], file.faults...)
			if file.profile == nil {
				continue
			}
			if other, ok := seen[name]; ok {
				out[name] = append(out[name], Fault{file.place, 0, fmt.Sprintf("profile %s is also in %s", name, other)})
			}
			seen[name] = file.place
		}
	}
	maps.DeleteFunc(out, func(_ string, f Faults) bool { return len(f) == 0 })
	for {
		sound := without(layers, out)
		lib, err := Link(sound...)
		if err == nil {
			return lib, out, nil
		}
		faults, ok := err.(Faults) //nolint:errorlint // Link says so
		before := len(out)
		for _, f := range faults {
			name := nameOf(f.File)
			out[name] = append(out[name], f)
		}
		if !ok || len(out) == before {
			return nil, out, err
		}
	}
}

// without returns the layers without the profiles that have faults, and
// without those that need one of them, which it adds to the faults.
func without(layers []*Layer, faults map[string]Faults) []*Layer {
	for more := true; more; {
		more = false
		for _, l := range layers {
			for _, file := range l.files {
				if _, told := faults[nameOf(file.name)]; told || file.profile == nil {
					continue
				}
				for _, base := range slices.Concat(file.profile.Extends, file.profile.Fallback) {
					if _, ok := faults[base]; ok {
						faults[nameOf(file.name)] = Faults{{file.place, 0, fmt.Sprintf("needs profile %s, which has faults", base)}}
						more = true
						break
					}
				}
			}
		}
	}
	out := make([]*Layer, len(layers))
	for i, l := range layers {
		out[i] = &Layer{}
		for _, file := range l.files {
			if _, ok := faults[nameOf(file.name)]; !ok {
				out[i].files = append(out[i].files, file)
			}
		}
	}
	return out
}

// nameOf is the name that the profile of a file has to have.
func nameOf(file string) string {
	return strings.TrimSuffix(path.Base(file), ".yaml")
}
