package db

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// sqlLogger tells slow statements and statements that failed for reasons of
// the database's own. Values never reach it: they may be secrets.
type sqlLogger struct {
	log  *slog.Logger
	slow time.Duration
}

func newLogger(o Options) logger.Interface {
	if o.Log == nil {
		return logger.Discard
	}
	if o.SlowQuery <= 0 {
		o.SlowQuery = 500 * time.Millisecond
	}
	return sqlLogger{log: o.Log, slow: o.SlowQuery}
}

func (l sqlLogger) LogMode(logger.LogLevel) logger.Interface { return l }

func (l sqlLogger) Info(ctx context.Context, msg string, _ ...any) {
	l.log.DebugContext(ctx, "database", "message", msg)
}

func (l sqlLogger) Warn(ctx context.Context, msg string, _ ...any) {
	l.log.WarnContext(ctx, "database", "message", msg)
}

func (l sqlLogger) Error(ctx context.Context, msg string, _ ...any) {
	l.log.ErrorContext(ctx, "database", "message", msg)
}

// ParamsFilter makes GORM show placeholders instead of values.
func (l sqlLogger) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) {
	return sql, nil
}

func (l sqlLogger) Trace(ctx context.Context, begin time.Time, fc func() (string, int64), err error) {
	took := time.Since(begin)
	var violated *ConstraintError
	switch {
	case err != nil && !errors.Is(err, gorm.ErrRecordNotFound) && !errors.As(err, &violated) && ctx.Err() == nil:
		sql, _ := fc()
		l.log.WarnContext(ctx, "statement failed", "sql", clip(sql), "err", err)
	case took >= l.slow:
		sql, rows := fc()
		l.log.WarnContext(ctx, "slow statement", "sql", clip(sql), "rows", rows, "took", took)
	}
}

func clip(s string) string {
	if len(s) > 1000 {
		return s[:1000] + "…"
	}
	return s
}
