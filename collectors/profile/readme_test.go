package profile_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

// TestReadme holds the examples of the language reference to the language.
func TestReadme(t *testing.T) {
	text, err := fs.ReadFile(profiles.FS, "README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml( points)?\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 5 {
		t.Fatalf("only %d examples found", len(blocks))
	}
	for _, b := range blocks {
		body := b[2]
		if b[1] != "" {
			body = "profile: example\nkind: pdu\nsource: EXAMPLE-MIB\npoints:\n" + body
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(body, "profile: "), "\n")
		name, _, _ = strings.Cut(name, " ")
		if _, faults := profile.Parse("example/"+name+".yaml", []byte(body)); len(faults) > 0 {
			t.Errorf("%s: %v", name, faults)
		}
	}
}
