package app

import (
	"bufio"
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/aisle-dcim/aisle/"

// mayImport lists, for each top-level folder, the folders of this module that
// its packages may depend on, directly or through others.
var mayImport = map[string][]string{
	"models":     {"models"},
	"configs":    {"configs", "models"},
	"collectors": {"collectors", "configs", "models"},
	"dcim":       {"dcim", "configs", "models"},
	"web":        {"web", "dcim", "configs", "models"},
	"cmd":        {"cmd", "web", "collectors", "dcim", "configs", "models"},
}

func TestImportsRunOneWay(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), "go", "list", "-f", "{{.ImportPath}} {{join .Deps \" \"}}", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		pkg := strings.TrimPrefix(fields[0], module)
		top, _, _ := strings.Cut(pkg, "/")
		allowed, ok := mayImport[top]
		if !ok {
			t.Errorf("%s: top-level folder %q is not one of ours", pkg, top)
			continue
		}
		seen[top] = true
		for _, dep := range fields[1:] {
			rest, ours := strings.CutPrefix(dep, module)
			if !ours {
				continue
			}
			depTop, _, _ := strings.Cut(rest, "/")
			if !contains(allowed, depTop) {
				t.Errorf("%s depends on %s: %s may only depend on %v", pkg, rest, top, allowed)
			}
		}
	}
	for top := range mayImport {
		if !seen[top] {
			t.Errorf("no package found below %s: the test would prove nothing", top)
		}
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
