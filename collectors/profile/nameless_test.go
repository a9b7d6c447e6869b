package profile_test

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

// bySysObjectID are recordings of families that nothing but the sysObjectID
// tells apart: the objects of a pCOWeb card mean what the application behind
// it makes of them, and a layout that every model has below a number of its
// own (base) is found by that number.
var bySysObjectID = []string{
	"avtech-roomalert-12s~sister", "carel-rittal-chiller", "carel-rittal-chiller~2013",
	"eaton-sc200~sc300", "gude~7214", "gude~8032",
}

// TestBuiltinByObjects has each recording call itself by no sysObjectID of its
// own: none, that of NET-SNMP, the bare root of the maker, a number of the
// maker that no profile knows, the number of somebody else. Its objects must
// still tell what it is.
func TestBuiltinByObjects(t *testing.T) {
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(profiles.FS, "*/testdata/*.snmprec")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		base := strings.TrimSuffix(path.Base(file), ".snmprec")
		name, _, _ := strings.Cut(base, "~")
		data, err := fs.ReadFile(profiles.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := profile.ReadRecording(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		own := rec.Scalar(profile.SysObjectIDOID).String()
		ids := []string{"", "0.0", "1.3.6.1.4.1", "1.3.6.1.4.1.8072.3.2.10", "1.3.6.1.4.1.64999.1.2"}
		if parts := strings.Split(own, "."); len(parts) > 7 {
			maker := strings.Join(parts[:7], ".")
			ids = append(ids, maker, maker+".77.99")
		}
		lost := false
		for _, id := range ids {
			if id == own {
				continue
			}
			found := lib.MatchSNMP(&renamed{Recording: rec, id: id})
			if len(found) > 0 && found[0].Profile.Name == name {
				continue
			}
			if lost = true; !slices.Contains(bySysObjectID, base) {
				t.Errorf("%s that calls itself %q: identified as %v", base, id, names(found))
			}
		}
		if !lost && slices.Contains(bySysObjectID, base) {
			t.Errorf("%s is recognised by its objects: it stands in the list for no reason", base)
		}
	}
}

// renamed is a recording with another sysObjectID.
type renamed struct {
	*profile.Recording
	id string
}

func (r *renamed) Scalar(oid string) profile.Raw {
	switch {
	case oid != profile.SysObjectIDOID:
		return r.Recording.Scalar(oid)
	case r.id == "":
		return profile.Raw{}
	}
	return profile.Raw{Kind: profile.OID, Bytes: []byte(r.id)}
}
