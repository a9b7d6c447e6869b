package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/fault"
)

const (
	// maxJobs bounds the jobs of one sort that run at once, maxOwnJobs those of
	// one person.
	maxJobs, maxOwnJobs = 8, 2
	// jobKept is how long what came of a job is kept; maxKept how many jobs of
	// one sort are, maxKeptBytes how much of them, the last one aside.
	jobKept      = 15 * time.Minute
	maxKept      = 24
	maxKeptBytes = 64 << 20
)

// jobState is how a job is.
type jobState string

const (
	jobRunning   jobState = "running"
	jobDone      jobState = "done"
	jobFailed    jobState = "failed"
	jobCancelled jobState = "cancelled"
)

// sized is what tells about how many bytes it takes in memory.
type sized interface{ size() int }

// job is work that takes longer than a request, for one person.
type job[T sized] struct {
	id      string
	owner   access.Principal
	started time.Time
	cancel  context.CancelFunc
	done    chan struct{}

	// What follows is guarded by the jobs' mu.
	state   jobState
	ended   time.Time
	step    string
	at, all int
	result  T
	err     error
	// away forgets the job when it is old.
	away *time.Timer
}

// jobs runs work in the background. Only who began a job sees it.
type jobs[T sized] struct {
	name  string
	limit time.Duration
	// life ends every job.
	life context.Context //nolint:containedctx // the life of the app, for jobs that requests begin
	wg   *sync.WaitGroup

	mu  sync.Mutex
	all map[string]*job[T]
}

func newJobs[T sized](life context.Context, wg *sync.WaitGroup, name string, limit time.Duration) *jobs[T] {
	return &jobs[T]{name: name, limit: limit, life: life, wg: wg, all: map[string]*job[T]{}}
}

// busy is the code of the conflict when as many jobs run as may.
const busy = "too-many"

// start begins work in the name of who asks; first is its result until it
// ends.
func (s *jobs[T]) start(ctx context.Context, first T, work func(ctx context.Context, j *job[T]) (T, error)) (*job[T], error) { //nolint:contextcheck // a job outlives the request that began it
	p, _ := access.From(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	running, own := 0, 0
	for _, j := range s.all {
		if j.state == jobRunning {
			running++
			if sameOwner(j.owner, p) {
				own++
			}
		}
	}
	if running >= maxJobs || own >= maxOwnJobs {
		return nil, fault.Conflict(busy, "", fmt.Sprintf("%d %s are running; wait until one has ended, or end one", running, s.name))
	}
	if s.life.Err() != nil {
		return nil, s.life.Err()
	}
	run, cancel := context.WithTimeout(s.life, s.limit)
	j := &job[T]{id: rand.Text(), owner: p, started: time.Now(), cancel: cancel, done: make(chan struct{}), state: jobRunning, result: first}
	s.all[j.id] = j
	s.wg.Go(func() {
		defer close(j.done)
		defer cancel()
		result, err := s.guarded(run, j, work)
		s.mu.Lock()
		defer s.mu.Unlock()
		j.ended, j.result, j.err = time.Now(), result, err
		switch {
		case j.state == jobCancelled:
		case err != nil:
			j.state = jobFailed
		default:
			j.state = jobDone
		}
		if s.all[j.id] == j {
			j.away = time.AfterFunc(jobKept, func() { s.mu.Lock(); defer s.mu.Unlock(); s.drop(j) })
		}
		s.forget()
	})
	return j, nil
}

// guarded turns a panic into an error: what devices send must not end the
// program.
func (s *jobs[T]) guarded(ctx context.Context, j *job[T], work func(ctx context.Context, j *job[T]) (T, error)) (result T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", s.name, r)
		}
	}()
	return work(ctx, j)
}

// sameOwner compares persons, and tokens that have no person.
func sameOwner(a, b access.Principal) bool {
	return a.UserID == b.UserID && a.Name == b.Name && (a.UserID != 0 || a.CredentialID == b.CredentialID)
}

// drop forgets a job; the caller holds mu.
func (s *jobs[T]) drop(j *job[T]) {
	if j.away != nil {
		j.away.Stop()
	}
	delete(s.all, j.id)
}

// forget drops the oldest of what has ended beyond what is kept; the caller
// holds mu.
func (s *jobs[T]) forget() {
	var ended []*job[T]
	for _, j := range s.all {
		if !j.ended.IsZero() {
			ended = append(ended, j)
		}
	}
	slices.SortFunc(ended, func(a, b *job[T]) int { return b.ended.Compare(a.ended) })
	bytes := 0
	for i, j := range ended {
		bytes += j.result.size()
		if i >= maxKept || i > 0 && bytes > maxKeptBytes {
			s.drop(j)
		}
	}
}

// tell notes how far a job is; all is zero when that is not known.
func (s *jobs[T]) tell(j *job[T], step string, at, all int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j.step, j.at, j.all = step, at, all
}

// snapshot is what is known of a job.
type snapshot[T sized] struct {
	id, step string
	state    jobState
	at, all  int
	elapsed  time.Duration
	result   T
	err      error
}

func (s *jobs[T]) get(ctx context.Context, id string) (snapshot[T], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, err := s.own(ctx, id)
	if err != nil {
		return snapshot[T]{}, err
	}
	end := j.ended
	if end.IsZero() {
		end = time.Now()
	}
	return snapshot[T]{id: j.id, step: j.step, state: j.state, at: j.at, all: j.all, elapsed: end.Sub(j.started), result: j.result, err: j.err}, nil
}

// own returns a job of who asks; the caller holds mu.
func (s *jobs[T]) own(ctx context.Context, id string) (*job[T], error) {
	p, ok := access.From(ctx)
	if j := s.all[id]; ok && j != nil && sameOwner(j.owner, p) {
		return j, nil
	}
	return nil, fault.NotFound(s.name, id)
}

// end ends a job, waits until it has ended and forgets it.
func (s *jobs[T]) end(ctx context.Context, id string) error {
	s.mu.Lock()
	j, err := s.own(ctx, id)
	if err == nil && j.state == jobRunning {
		j.state = jobCancelled
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	j.cancel()
	select {
	case <-j.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(j)
	return nil
}

// errTooLong is told of a job that was ended by its time limit.
var errTooLong = errors.New("it was not done within the time it may take")
