package credential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
)

// Info is what may be seen of a credential: everything but its secrets.
type Info struct {
	ID   uint64 `json:"id"`
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// User, AuthProtocol, PrivProtocol and ContextName are of SNMPv3.
	User         string `json:"user,omitempty"`
	AuthProtocol string `json:"auth_protocol,omitempty"`
	PrivProtocol string `json:"priv_protocol,omitempty"`
	ContextName  string `json:"context_name,omitempty"`
	// Devices is how many use it; List counts them.
	Devices int64 `json:"-"`
	// Weakness says why it protects little; empty when it is fit.
	Weakness  string    `json:"weakness,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// New describes a credential to create.
type New struct {
	Name    string
	Kind    Kind
	Secrets Secrets
}

// Change holds what to change; nil fields stay. Secrets are replaced as a
// whole, but that an empty community, passphrase or key stays as it was.
type Change struct {
	Name    *string
	Secrets *Secrets
	// Seen, when not zero, is the time of the change that the caller saw last.
	Seen time.Time
}

// Opened is a credential with its secrets, for a collector.
type Opened struct {
	Info
	Secrets Secrets
}

// Options configure a Service. DB, Keys and Audit are mandatory.
type Options struct {
	DB    *gorm.DB
	Keys  *Keyring
	Audit access.Recorder
	Log   *slog.Logger
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Service keeps credentials. It is safe for concurrent use.
type Service struct {
	db    *gorm.DB
	keys  *Keyring
	audit access.Recorder
	log   *slog.Logger
	now   func() time.Time
}

// NewService returns a Service; it starts nothing.
func NewService(o Options) (*Service, error) {
	if o.DB == nil || o.Keys == nil || o.Audit == nil {
		return nil, errors.New("credential: database, keys and audit log are mandatory")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{
		db: o.DB, keys: o.Keys, audit: o.Audit, log: o.Log,
		now: func() time.Time { return o.Now().UTC().Truncate(time.Millisecond) },
	}, nil
}

// place binds a blob to its row.
func place(id uint64, k Kind) string {
	return "credentials/" + strconv.FormatUint(id, 10) + "/" + string(k)
}

func checkName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > 100 || !utf8.ValidString(name) || strings.IndexFunc(name, unicode.IsControl) >= 0 {
		return "", &InvalidError{"name", "format", "must be 1 to 100 printable characters"}
	}
	return name, nil
}

func (s *Service) seal(id uint64, k Kind, sec Secrets) (string, error) {
	data, err := json.Marshal(plain(sec))
	if err != nil {
		return "", fmt.Errorf("marshal secrets: %w", err)
	}
	return s.keys.Seal(data, place(id, k))
}

func (s *Service) unseal(r row) (Secrets, error) {
	data, err := s.keys.Open(r.Secret, place(r.ID, Kind(r.Kind)))
	if err != nil {
		return Secrets{}, fmt.Errorf("open credential %d: %w", r.ID, err)
	}
	var p plain
	if err := json.Unmarshal(data, &p); err != nil {
		return Secrets{}, fmt.Errorf("open credential %d: %w", r.ID, ErrDamaged)
	}
	return Secrets(p), nil
}

// info tells what may be seen. A blob that cannot be opened is told as a
// weakness: the credential must be entered again.
func (s *Service) info(r row) Info {
	i := Info{ID: r.ID, Name: r.Name, Kind: Kind(r.Kind), CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
	sec, err := s.unseal(r)
	switch {
	case errors.Is(err, ErrKey):
		i.Weakness = "cannot be opened: " + ErrKey.Error()
	case err != nil:
		i.Weakness = "cannot be opened: " + ErrDamaged.Error()
	default:
		i.Weakness = sec.weakness(i.Kind)
		i.User, i.AuthProtocol, i.PrivProtocol, i.ContextName = sec.User, sec.AuthProtocol, sec.PrivProtocol, sec.ContextName
	}
	return i
}

// Create adds a credential. It needs access.ManageCredentials.
func (s *Service) Create(ctx context.Context, n New) (Info, error) {
	if err := access.Require(ctx, access.ManageCredentials); err != nil {
		return Info{}, err
	}
	name, err := checkName(n.Name)
	if err != nil {
		return Info{}, err
	}
	sec, err := n.Secrets.check(n.Kind)
	if err != nil {
		return Info{}, err
	}
	now := s.now()
	r := row{Name: name, Kind: string(n.Kind), CreatedAt: now, UpdatedAt: now}
	var out Info
	err = s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&r)
		if res.Error != nil {
			return fmt.Errorf("create credential: %w", res.Error)
		}
		if res.RowsAffected == 0 {
			return taken(name)
		}
		// The blob is bound to the id, which is known only now.
		var err error
		if r.Secret, err = s.seal(r.ID, n.Kind, sec); err != nil {
			return err
		}
		if err := tx.Model(&row{}).Where("id = ?", r.ID).UpdateColumn("secret", r.Secret).Error; err != nil {
			return fmt.Errorf("create credential: %w", err)
		}
		out = s.info(r)
		return s.record(ctx, tx, "create", nil, &out, "")
	})
	if err != nil {
		return Info{}, err
	}
	return out, nil
}

func (s *Service) record(ctx context.Context, tx *gorm.DB, action string, before, after *Info, detail string) error {
	e := models.AuditEvent{Action: action, ObjectType: "credential", Detail: detail}
	for _, i := range []*Info{before, after} {
		if i != nil {
			e.ObjectID, e.ObjectName = strconv.FormatUint(i.ID, 10), i.Name
		}
	}
	if before != nil {
		e.Before = before
	}
	if after != nil {
		e.After = after
	}
	return s.audit.Record(ctx, tx, e)
}

// Update changes a credential. It needs access.ManageCredentials.
func (s *Service) Update(ctx context.Context, id uint64, c Change) (Info, error) {
	if err := access.Require(ctx, access.ManageCredentials); err != nil {
		return Info{}, err
	}
	var out Info
	err := s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		r, err := take(tx.Clauses(clause.Locking{Strength: "UPDATE"}), id)
		if err != nil {
			return err
		}
		before, detail := s.info(r), ""
		if !c.Seen.IsZero() && !c.Seen.Equal(r.UpdatedAt) {
			return conflict(db.StaleError("credential", r.Name))
		}
		if c.Name != nil {
			if r.Name, err = checkName(*c.Name); err != nil {
				return err
			}
			var others int64
			if err := tx.Model(&row{}).Where("name = ? AND id <> ?", r.Name, id).Count(&others).Error; err != nil {
				return fmt.Errorf("update credential %d: %w", id, err)
			}
			if others > 0 {
				return taken(r.Name)
			}
		}
		if c.Secrets != nil {
			// What cannot be opened has nothing to keep.
			old, _ := s.unseal(r)
			sec, err := c.Secrets.onto(old).check(Kind(r.Kind))
			if err != nil {
				return err
			}
			if r.Secret, err = s.seal(id, Kind(r.Kind), sec); err != nil {
				return err
			}
			if sec != old {
				detail = "secrets replaced"
			}
		}
		r.UpdatedAt = s.now()
		err = tx.Model(&row{}).Where("id = ?", id).
			Updates(map[string]any{"name": r.Name, "secret": r.Secret, "updated_at": r.UpdatedAt}).Error
		if err != nil {
			return fmt.Errorf("update credential %d: %w", id, err)
		}
		out = s.info(r)
		return s.record(ctx, tx, "update", &before, &out, detail)
	})
	if err != nil {
		return Info{}, err
	}
	return out, nil
}

// conflict makes a fault.ConflictError an ErrConflict too.
func conflict(err error) error { return fmt.Errorf("%w: %w", err, ErrConflict) }

func taken(name string) error {
	return conflict(fault.Conflict(fault.Taken, "name", fmt.Sprintf("credential %q exists already", name), name))
}

// Delete removes a credential; ErrConflict when devices or discovery ranges use it. It needs
// access.ManageCredentials.
func (s *Service) Delete(ctx context.Context, id uint64) error {
	if err := access.Require(ctx, access.ManageCredentials); err != nil {
		return err
	}
	return s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		r, err := take(tx, id)
		if err != nil {
			return err
		}
		err = db.CheckUnused(tx, "credential", r.Name, id,
			db.Reference{Objects: "devices", Table: "devices", Column: "credential_id"},
			db.Reference{Objects: "devices", Table: "devices", Column: "control_credential_id"},
			db.Reference{Objects: "discovery ranges", Table: "discovery_range_credentials", Column: "credential_id", Unnamed: true})
		if errors.Is(err, fault.ErrConflict) {
			return conflict(err)
		}
		if err != nil {
			return err
		}
		before := s.info(r)
		if err := s.record(ctx, tx, "delete", &before, nil, ""); err != nil {
			return err
		}
		err = tx.Delete(&row{}, id).Error
		if isReferenced(err) {
			return fmt.Errorf("credential %d is in use: %w", id, ErrConflict)
		}
		if err != nil {
			return fmt.Errorf("delete credential %d: %w", id, err)
		}
		return nil
	})
}

// isReferenced says whether err is a violated foreign key, on either database.
func isReferenced(err error) bool {
	if err == nil {
		return false
	}
	return errors.Is(err, gorm.ErrForeignKeyViolated) || strings.Contains(err.Error(), "FOREIGN KEY constraint failed") ||
		strings.Contains(err.Error(), "SQLSTATE 23503")
}

// List returns all credentials by name, without their secrets. It needs
// access.ReadCredentials.
func (s *Service) List(ctx context.Context) ([]Info, error) {
	if err := access.Require(ctx, access.ReadCredentials); err != nil {
		return nil, err
	}
	var rows []row
	if err := s.db.WithContext(ctx).Order("name").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list credentials: %w", err)
	}
	used, err := s.devices(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Info, len(rows))
	for i, r := range rows {
		out[i] = s.info(r)
		out[i].Devices = used[r.ID]
	}
	return out, nil
}

// devices counts the devices that use each credential.
func (s *Service) devices(ctx context.Context) (map[uint64]int64, error) {
	var counts []struct {
		CredentialID uint64
		N            int64
	}
	err := s.db.WithContext(ctx).Table("devices").Select("credential_id, COUNT(*) AS n").
		Where("credential_id IS NOT NULL").Group("credential_id").Scan(&counts).Error
	if err != nil {
		return nil, fmt.Errorf("count devices of credentials: %w", err)
	}
	out := make(map[uint64]int64, len(counts))
	for _, c := range counts {
		out[c.CredentialID] = c.N
	}
	return out, nil
}

// Get returns one credential without its secrets. It needs
// access.ReadCredentials.
func (s *Service) Get(ctx context.Context, id uint64) (Info, error) {
	if err := access.Require(ctx, access.ReadCredentials); err != nil {
		return Info{}, err
	}
	r, err := take(s.db.WithContext(ctx), id)
	if err != nil {
		return Info{}, err
	}
	return s.info(r), nil
}

// Open returns a credential with its secrets. Only the system may, for its
// collectors; ErrKey and ErrDamaged say why a secret cannot be opened.
func (s *Service) Open(ctx context.Context, id uint64) (Opened, error) {
	if err := access.RequireSystem(ctx, access.UseCredentials); err != nil {
		return Opened{}, err
	}
	r, err := take(s.db.WithContext(ctx), id)
	if err != nil {
		return Opened{}, err
	}
	sec, err := s.unseal(r)
	if err != nil {
		return Opened{}, err
	}
	return Opened{Info: s.info(r), Secrets: sec}, nil
}

// Rekey encrypts anew, with the first key of the ring, what older keys of the
// ring encrypted, and returns how many credentials that were. Only the system
// may. It changes all of them or none.
func (s *Service) Rekey(ctx context.Context) (int, error) {
	if err := access.RequireSystem(ctx, access.ManageCredentials); err != nil {
		return 0, err
	}
	n := 0
	err := s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var rows []row
		if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Order("id").Find(&rows).Error; err != nil {
			return fmt.Errorf("list credentials: %w", err)
		}
		for _, r := range rows {
			if strings.HasPrefix(r.Secret, blobVersion+"."+s.keys.KeyID()+".") {
				continue
			}
			sec, err := s.unseal(r)
			if err != nil {
				return err
			}
			if r.Secret, err = s.seal(r.ID, Kind(r.Kind), sec); err != nil {
				return err
			}
			if err := tx.Model(&row{}).Where("id = ?", r.ID).UpdateColumn("secret", r.Secret).Error; err != nil {
				return fmt.Errorf("re-encrypt credential %d: %w", r.ID, err)
			}
			n++
		}
		if n == 0 {
			return nil
		}
		return s.audit.Record(ctx, tx, models.AuditEvent{
			Action: "rekey", ObjectType: "credential", Detail: fmt.Sprintf("%d credentials", n),
		})
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func take(q *gorm.DB, id uint64) (row, error) {
	var r row
	err := q.Where("id = ?", id).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return r, fmt.Errorf("credential %d: %w", id, ErrNotFound)
	}
	if err != nil {
		return r, fmt.Errorf("read credential %d: %w", id, err)
	}
	return r, nil
}
