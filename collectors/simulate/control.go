package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// ControlState is what the control endpoint tells.
type ControlState struct {
	Kinds  []FaultKind `json:"kinds"`
	Active []Fault     `json:"active"`
}

// ServeControl takes fault commands over HTTP on a loopback address until ctx
// ends: GET /faults, POST /faults {kind, target}, DELETE /faults/{id}. It
// refuses other addresses, for it asks nobody who he is.
func ServeControl(ctx context.Context, address string, f *Facility) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen for fault commands: %w", err)
	}
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		return errors.Join(fmt.Errorf("fault commands are taken on loopback only, not on %s", address), l.Close())
	}
	s := &http.Server{Handler: controlHandler(f), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	return errors.Join(s.Shutdown(stop), closed(<-done))
}

// closed leaves out the error that says that the server was closed.
func closed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func controlHandler(f *Facility) http.Handler {
	mux := http.NewServeMux()
	reply := func(w http.ResponseWriter, status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v) // whoever asked is gone
	}
	fail := func(w http.ResponseWriter, status int, err error) {
		reply(w, status, map[string]string{"error": err.Error()})
	}
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, ControlState{Kinds: f.FaultKinds(), Active: f.Faults()})
	})
	mux.HandleFunc("POST /faults", func(w http.ResponseWriter, r *http.Request) {
		var in Fault
		// A content type that a page of another origin cannot send unasked.
		if r.Header.Get("Content-Type") != "application/json" {
			fail(w, http.StatusUnsupportedMediaType, errors.New("want application/json"))
			return
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&in); err != nil {
			fail(w, http.StatusBadRequest, err)
			return
		}
		out, err := f.Inject(in.Kind, in.Target)
		if err != nil {
			fail(w, http.StatusBadRequest, err)
			return
		}
		reply(w, http.StatusCreated, out)
	})
	mux.HandleFunc("DELETE /faults/{id}", func(w http.ResponseWriter, r *http.Request) {
		if err := f.Clear(r.PathValue("id")); err != nil {
			fail(w, http.StatusNotFound, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}
