package audit

import (
	"context"
	"crypto/subtle"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/models"
)

// Filter selects entries; zero fields select all.
type Filter struct {
	// From is inclusive, To exclusive.
	From, To   time.Time
	Actor      string
	Action     string
	ObjectType string
	ObjectID   string
	Outcome    string
}

// Page asks for entries older than one that is known.
type Page struct {
	// BeforeSeq is the sequence number of the last entry seen; zero begins
	// with the newest.
	BeforeSeq uint64
	// Limit is at most 500; zero means 100.
	Limit int
}

const (
	defaultPage = 100
	maxPage     = 500
)

func (f Filter) apply(q *gorm.DB) *gorm.DB {
	if !f.From.IsZero() {
		q = q.Where("time_us >= ?", f.From.UnixMicro())
	}
	if !f.To.IsZero() {
		q = q.Where("time_us < ?", f.To.UnixMicro())
	}
	for _, c := range []struct{ cond, value string }{
		{"actor = ?", f.Actor},
		{"action = ?", f.Action},
		{"object_type = ?", f.ObjectType},
		{"object_id = ?", f.ObjectID},
		{"outcome = ?", f.Outcome},
	} {
		if c.value != "" {
			q = q.Where(c.cond, c.value)
		}
	}
	return q
}

// List returns entries, newest first. It needs access.ReadAudit.
func (l *Log) List(ctx context.Context, f Filter, p Page) ([]models.AuditEntry, error) {
	if err := access.Require(ctx, access.ReadAudit); err != nil {
		return nil, err
	}
	if p.Limit <= 0 {
		p.Limit = defaultPage
	}
	q := f.apply(l.db.WithContext(ctx)).Order("seq DESC").Limit(min(p.Limit, maxPage))
	if p.BeforeSeq > 0 {
		q = q.Where("seq < ?", p.BeforeSeq)
	}
	var out []models.AuditEntry
	if err := q.Find(&out).Error; err != nil {
		return nil, fmt.Errorf("list audit log: %w", err)
	}
	return out, nil
}

// Each calls f with every selected entry, oldest first, for export. It needs
// access.ReadAudit, and ends with the error of f.
func (l *Log) Each(ctx context.Context, filter Filter, f func(models.AuditEntry) error) error {
	if err := access.Require(ctx, access.ReadAudit); err != nil {
		return err
	}
	for last := uint64(0); ; {
		var batch []models.AuditEntry
		err := filter.apply(l.db.WithContext(ctx)).Where("seq > ?", last).Order("seq").Limit(maxPage).Find(&batch).Error
		if err != nil {
			return fmt.Errorf("read audit log: %w", err)
		}
		for _, e := range batch {
			if err := f(e); err != nil {
				return err
			}
			last = e.Seq
		}
		if len(batch) < maxPage {
			return nil
		}
	}
}

// Head is the end of the chain.
type Head struct {
	// Seq is the number of entries.
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
}

// Head returns the end of the chain. It needs access.ReadAudit.
func (l *Log) Head(ctx context.Context) (Head, error) {
	if err := access.Require(ctx, access.ReadAudit); err != nil {
		return Head{}, err
	}
	var h Head
	err := l.db.WithContext(ctx).Raw("SELECT seq, hash FROM audit_head WHERE id = 1").Scan(&h).Error
	if err != nil {
		return Head{}, fmt.Errorf("read head of audit log: %w", err)
	}
	return h, nil
}

// Report is what Verify found.
type Report struct {
	// Checked is the number of entries that are intact, from the first on.
	Checked uint64 `json:"checked"`
	// Intact is false when an entry was changed, removed or inserted.
	Intact bool `json:"intact"`
	// BrokenAt is the sequence number where the chain breaks first.
	BrokenAt uint64 `json:"broken_at,omitempty"`
	Problem  string `json:"problem,omitempty"`
	Head     Head   `json:"head"`
}

// Verify reads the whole log and checks the chain as it stood at the call. A
// broken chain is not an error but a Report that is not Intact. It needs
// access.ReadAudit.
func (l *Log) Verify(ctx context.Context) (Report, error) {
	head, err := l.Head(ctx)
	if err != nil {
		return Report{}, err
	}
	r := Report{Head: head}
	prev := ""
	for r.Checked < head.Seq {
		var batch []models.AuditEntry
		err := l.db.WithContext(ctx).Where("seq > ? AND seq <= ?", r.Checked, head.Seq).Order("seq").Limit(maxPage).
			Find(&batch).Error
		if err != nil {
			return Report{}, fmt.Errorf("read audit log: %w", err)
		}
		if len(batch) == 0 {
			return r.broken(r.Checked+1, "entries are missing at the end"), nil
		}
		for _, e := range batch {
			switch {
			case e.Seq != r.Checked+1:
				return r.broken(r.Checked+1, "entry is missing"), nil
			case e.PrevHash != prev:
				return r.broken(e.Seq, "entry does not follow the one before"), nil
			case subtle.ConstantTimeCompare([]byte(e.Hash), []byte(l.hash(e))) != 1:
				return r.broken(e.Seq, "entry was changed"), nil
			}
			prev = e.Hash
			r.Checked = e.Seq
		}
	}
	if head.Hash != prev {
		return r.broken(r.Checked, "the end of the chain was changed"), nil
	}
	r.Intact = true
	return r, nil
}

func (r Report) broken(seq uint64, problem string) Report {
	r.BrokenAt, r.Problem = seq, problem
	return r
}
