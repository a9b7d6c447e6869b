package credential

import "time"

// row is a row of the credentials table.
type row struct {
	ID        uint64 `gorm:"primaryKey"`
	Name      string
	Kind      string
	Secret    string
	CreatedAt time.Time
	UpdatedAt time.Time
}

func (row) TableName() string { return "credentials" }
