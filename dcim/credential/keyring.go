// Package credential keeps the secrets by which devices are read: SNMP
// communities, SNMPv3 users and the like. They are encrypted at rest and can
// be written but not read through any interface; only collectors open them.
package credential

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// KeyBytes is the length of a master key.
const KeyBytes = 32

// KeyFile is the name of the key file in the data folder.
const KeyFile = "secret.key"

// ErrKey means that a blob was made with a key which is not in the ring.
var ErrKey = errors.New("encrypted with another key")

// ErrDamaged means that a blob was changed, or belongs to another row.
var ErrDamaged = errors.New("secret is damaged or belongs elsewhere")

const (
	blobVersion = "a1"
	keyIDChars  = 16
)

// Keyring encrypts with its first key and decrypts with any. It is safe for
// concurrent use.
type Keyring struct {
	primary string
	aeads   map[string]cipher.AEAD
	master  []byte
}

// NewKeyring returns a ring of keys of KeyBytes each; older keys only decrypt.
func NewKeyring(primary []byte, older ...[]byte) (*Keyring, error) {
	r := &Keyring{aeads: map[string]cipher.AEAD{}, master: append([]byte{}, primary...)}
	for i, k := range append([][]byte{primary}, older...) {
		if len(k) != KeyBytes {
			return nil, fmt.Errorf("key has %d bytes, not %d", len(k), KeyBytes)
		}
		id, err := derive(k, "aisle key id", keyIDChars/2)
		if err != nil {
			return nil, err
		}
		enc, err := derive(k, "aisle credential encryption", 32)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(enc)
		if err != nil {
			return nil, fmt.Errorf("prepare cipher: %w", err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("prepare cipher: %w", err)
		}
		name := hex.EncodeToString(id)
		r.aeads[name] = aead
		if i == 0 {
			r.primary = name
		}
	}
	return r, nil
}

func derive(key []byte, purpose string, n int) ([]byte, error) {
	out, err := hkdf.Key(sha256.New, key, nil, purpose, n)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	return out, nil
}

// KeyID names the key that encrypts; it tells nothing about the key.
func (r *Keyring) KeyID() string { return r.primary }

// Subkey derives a key for another purpose, such as the audit chain.
func (r *Keyring) Subkey(purpose string) ([]byte, error) {
	return derive(r.master, "aisle subkey "+purpose, KeyBytes)
}

// Seal encrypts plain with AES-256-GCM. The result is text,
// "a1.<key id>.<base64 of nonce and ciphertext>", that Open accepts only with
// the same place: the table and row it belongs to.
func (r *Keyring) Seal(plain []byte, place string) (string, error) {
	aead := r.aeads[r.primary]
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return "", fmt.Errorf("draw nonce: %w", err)
	}
	sealed := aead.Seal(nonce, nonce, plain, aad(r.primary, place))
	return blobVersion + "." + r.primary + "." + base64.RawStdEncoding.EncodeToString(sealed), nil
}

// Open decrypts what Seal made. It returns ErrKey or ErrDamaged.
func (r *Keyring) Open(blob, place string) ([]byte, error) {
	parts := strings.Split(blob, ".")
	if len(parts) != 3 || parts[0] != blobVersion {
		return nil, ErrDamaged
	}
	aead, ok := r.aeads[parts[1]]
	if !ok {
		return nil, fmt.Errorf("%w (id %.16q)", ErrKey, parts[1])
	}
	sealed, err := base64.RawStdEncoding.DecodeString(parts[2])
	if err != nil || len(sealed) < aead.NonceSize() {
		return nil, ErrDamaged
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], aad(parts[1], place))
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}

func aad(keyID, place string) []byte { return []byte(blobVersion + "\x00" + keyID + "\x00" + place) }

// LoadKey returns the master key from secret.key in the data folder, and makes
// the file at the first start. The file must be readable by its owner only.
func LoadKey(dataDir string) ([]byte, error) {
	path := filepath.Join(dataDir, KeyFile)
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := createKey(dataDir, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	// Another process may have been first: what is in the file counts.
	return readKey(path)
}

func readKey(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the key file of the data folder
	if err != nil {
		return nil, fmt.Errorf("open key: %w", err)
	}
	defer func() { _ = f.Close() }() // it is only read
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("inspect key: %w", err)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (mode %04o): run chmod 600 on it", path, st.Mode().Perm())
	}
	data, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(data)))
	if err != nil || len(key) != KeyBytes {
		return nil, fmt.Errorf("%s is not a key of %d bytes in base64: restore it from a backup", path, KeyBytes)
	}
	return key, nil
}

// createKey writes a whole file under another name first, so that a crash
// leaves no half key under the right one.
func createKey(dir, path string) (err error) {
	key := make([]byte, KeyBytes)
	if _, err := rand.Read(key); err != nil {
		return fmt.Errorf("draw key: %w", err)
	}
	// CreateTemp opens with O_EXCL and mode 0600.
	tmp, err := os.CreateTemp(dir, ".secret-*")
	if err != nil {
		return fmt.Errorf("create key: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // it was renamed when all went well
	_, err = tmp.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if serr := tmp.Sync(); err == nil {
		err = serr
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	// Link fails when the name exists, as O_EXCL would.
	if err := os.Link(tmp.Name(), path); err != nil {
		return fmt.Errorf("place key: %w", err)
	}
	d, err := os.Open(dir) //nolint:gosec // the data folder
	if err != nil {
		return fmt.Errorf("sync key: %w", err)
	}
	defer func() { _ = d.Close() }() // it was only synced
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync key: %w", err)
	}
	return nil
}
