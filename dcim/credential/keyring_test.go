package credential

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestSeal(t *testing.T) {
	k1, k2 := bytes.Repeat([]byte{1}, KeyBytes), bytes.Repeat([]byte{2}, KeyBytes)
	old, err := NewKeyring(k1)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := old.Seal([]byte("public-ish"), "credentials/1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := old.Seal([]byte("public-ish"), "credentials/1")
	if err != nil || blob == again {
		t.Error("the same secret gives the same blob", err)
	}
	rotated, err := NewKeyring(k2, k1)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := NewKeyring(k2)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(i int) string {
		b := []byte(blob)
		if b[i] == 'A' {
			b[i] = 'B'
		} else {
			b[i] = 'A'
		}
		return string(b)
	}
	tests := []struct {
		name, blob, place string
		ring              *Keyring
		want              error
	}{
		{"right", blob, "credentials/1", old, nil},
		{"after rotation", blob, "credentials/1", rotated, nil},
		{"another row", blob, "credentials/2", old, ErrDamaged},
		{"another key", blob, "credentials/1", foreign, ErrKey},
		{"changed nonce", flip(len("a1.") + keyIDChars + 2), "credentials/1", old, ErrDamaged},
		{"changed text", flip(len(blob) - 12), "credentials/1", old, ErrDamaged},
		{"cut", blob[:len(blob)-4], "credentials/1", old, ErrDamaged},
		{"empty", "", "credentials/1", old, ErrDamaged},
		{"plain", "public", "credentials/1", old, ErrDamaged},
		{"no ciphertext", "a1." + old.KeyID() + ".", "credentials/1", old, ErrDamaged},
	}
	for _, tt := range tests {
		plain, err := tt.ring.Open(tt.blob, tt.place)
		if !errors.Is(err, tt.want) || tt.want == nil && (err != nil || string(plain) != "public-ish") {
			t.Errorf("%s: %q %v", tt.name, plain, err)
		}
	}
	if _, err := NewKeyring([]byte("short")); err == nil {
		t.Error("short key accepted")
	}
	a, _ := old.Subkey("audit")
	b, _ := old.Subkey("other")
	if len(a) != KeyBytes || bytes.Equal(a, b) || bytes.Equal(a, k1) {
		t.Error("subkeys are not apart")
	}
}

func TestLoadKey(t *testing.T) {
	dir := t.TempDir()
	keys := make([][]byte, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			k, err := LoadKey(dir)
			if err != nil {
				t.Error(err)
			}
			keys[i] = k
		})
	}
	wg.Wait()
	for _, k := range keys {
		if len(k) != KeyBytes || !bytes.Equal(k, keys[0]) {
			t.Fatal("two keys at one first start")
		}
	}
	path := filepath.Join(dir, KeyFile)
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Fatal(st.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".secret-*")); len(left) != 0 {
		t.Error("left over:", left)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Error("readable key accepted:", err)
	}
	if err := os.WriteFile(path, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(dir); err == nil || strings.Contains(err.Error(), "not a key") && !strings.Contains(err.Error(), "is not a key of") {
		t.Error("damaged key accepted:", err)
	}
	if data, _ := os.ReadFile(path); string(data) != "not a key" {
		t.Error("a damaged key was overwritten")
	}
}
