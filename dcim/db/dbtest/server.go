package dbtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/dcim/db"
)

// running is the server that the tests of this process share. It lives while a
// test uses it, or until Main ends.
var running struct {
	mu     sync.Mutex
	users  int
	keep   bool
	server *process
	reason string
}

// Main runs the tests of a package; use it in TestMain. With it the tests of
// the package share one server, without it each starts one.
func Main(m *testing.M) int {
	running.mu.Lock()
	running.keep = true
	running.mu.Unlock()
	code := m.Run()
	running.mu.Lock()
	defer running.mu.Unlock()
	if running.server != nil {
		if err := running.server.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop PostgreSQL:", err)
		}
		running.server = nil
	}
	return code
}

// server returns the connection string of a server, or why there is none.
func server(t testing.TB) (dsn, reason string) {
	t.Helper()
	if dsn = os.Getenv("AISLE_TEST_POSTGRES"); dsn != "" {
		return dsn, ""
	}
	running.mu.Lock()
	defer running.mu.Unlock()
	if running.reason != "" {
		return "", running.reason
	}
	if running.server == nil {
		p, err := start(t.Context())
		if err != nil {
			running.reason = err.Error()
			return "", running.reason
		}
		running.server = p
	}
	running.users++
	t.Cleanup(func() {
		running.mu.Lock()
		defer running.mu.Unlock()
		if running.users--; running.users > 0 || running.keep || running.server == nil {
			return
		}
		if err := running.server.stop(); err != nil {
			t.Error(err)
		}
		running.server = nil
	})
	return running.server.dsn, ""
}

type process struct {
	dsn string
	dir string
	cmd *exec.Cmd
	// ended is closed when the process has ended, for the reason err.
	ended chan struct{}
	err   error
}

// programs returns the folder of PostgreSQL's programs: of the newest release
// that Debian has installed, or else of the search path.
func programs() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	slices.SortFunc(found, func(a, b string) int { return release(b) - release(a) })
	for _, f := range found {
		dir := filepath.Dir(f)
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir, nil
		}
	}
	f, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("AISLE_TEST_POSTGRES is not set and PostgreSQL is not installed")
	}
	if f, err = filepath.EvalSymlinks(f); err != nil {
		return "", err
	}
	return filepath.Dir(f), nil
}

func release(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// start makes a cluster in a temporary folder and serves it on a free port of
// the loopback. It keeps nothing through a crash of the machine: it is a test.
func start(ctx context.Context) (_ *process, err error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "aisle-postgres-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	as, err := owner(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	//nolint:gosec // the program is the installed one, the folder our own
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "aisle", "-A", "trust",
		"-E", "UTF8", "--no-locale", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = dir, as
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	//nolint:gosec // in the folder made above
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	p := &process{
		dir:   dir,
		dsn:   fmt.Sprintf("host=127.0.0.1 port=%d user=aisle dbname=postgres sslmode=disable", port),
		ended: make(chan struct{}),
		// It outlives the test that happens to come first.
		//nolint:gosec,noctx // the installed program; see above
		cmd: exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(port),
			"-k", "", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
			"-c", "shared_buffers=32MB", "-c", "max_connections=100"),
	}
	p.cmd.Dir, p.cmd.SysProcAttr, p.cmd.Stdout, p.cmd.Stderr = dir, as, log, log
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	if err := p.ready(ctx); err != nil {
		said, _ := os.ReadFile(log.Name())
		return nil, errors.Join(fmt.Errorf("start postgres: %w: %s", err, said), p.stop())
	}
	return p, nil
}

func (p *process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		g, err := db.Open(ctx, db.Options{Driver: db.Postgres, DSN: p.dsn})
		if err == nil {
			return db.Close(g)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", err)
		case <-p.ended:
			return fmt.Errorf("ended: %w", errors.Join(p.err, err))
		case <-tick.C:
		}
	}
}

// stop ends the server at once and removes its data.
func (p *process) stop() error {
	if err := quit(p.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
	return os.RemoveAll(p.dir)
}

func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// ids returns the user that the server may run as when the tests run as root,
// whom it refuses.
func ids() (uid, gid int, err error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, lerr := user.Lookup(name)
		if lerr != nil {
			err = lerr
			continue
		}
		if uid, err = strconv.Atoi(u.Uid); err != nil {
			return 0, 0, err
		}
		gid, err = strconv.Atoi(u.Gid)
		return uid, gid, err
	}
	return 0, 0, err
}
