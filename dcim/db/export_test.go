package db

import (
	"context"

	"gorm.io/gorm"
)

// MigrateTo brings the schema up or down to a version.
func MigrateTo(ctx context.Context, g *gorm.DB, version int64) error {
	p, err := provider(g, embedded)
	if err != nil {
		return err
	}
	now, err := p.GetDBVersion(ctx)
	if err == nil && now < version {
		_, err = p.UpTo(ctx, version)
	} else if err == nil {
		_, err = p.DownTo(ctx, version)
	}
	return err
}
