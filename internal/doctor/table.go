package doctor

import (
	"context"
	"errors"
	"maps"
	"slices"

	"sagescale/internal/config"
	"sagescale/internal/dynamodb"
)

// table knows how a table is kept. dynamodb.ErrNoTable says that there is none of the
// name.
type table interface {
	Status(ctx context.Context, name string) (status string, protected bool, err error)
	Recoverable(ctx context.Context, name string) (bool, error)
	Expires(ctx context.Context, name string) (string, error)
}

func (d *Doctor) tableName() string { return d.Deployed.Outputs[config.OutputTable] }

// table checks the state table, and that what is in it is safe.
func (d *Doctor) table() check {
	name := d.tableName()
	return check{
		name: "table",
		why:  "The state table remembers cooldowns, claims and overrides: nothing is changed while it does not answer.",
		fine: "the state table is ACTIVE, can be recovered, is protected from being deleted, and forgets what is over",
		run: func(ctx context.Context) []Finding {
			if name == "" {
				return []Finding{tell(NotChecked, "The stack does not tell the name of the state table.").
					todo("See what is said of the stack.")}
			}
			return append(d.tableStatus(ctx, name), d.tableKept(ctx, name)...)
		},
	}
}

func (d *Doctor) tableStatus(ctx context.Context, name string) []Finding {
	status, protected, err := d.Table.Status(ctx, name)
	switch {
	case errors.Is(err, dynamodb.ErrNoTable):
		return []Finding{tell(Problem, "The state table %s is not there.", name).
			todo("Restore it under its name from its backup or point in time; without one, deploy under another stackName.")}
	case err != nil:
		return []Finding{d.unseen("the state table could not be looked at", err)}
	}
	var found []Finding
	if status != "ACTIVE" && status != "UPDATING" {
		found = append(found, tell(Problem, "The state table %s is %s.", name, status).
			todo("See in the DynamoDB console why."))
	}
	if !protected {
		found = append(found, tell(Warning, "The state table is not protected from being deleted.").
			because("With it all cooldowns, overrides and the history would go.").
			todo("Protect it, as the deployment does.").
			by("aws", "dynamodb", "update-table", "--table-name", name, "--deletion-protection-enabled"))
	}
	return found
}

// tableKept checks what keeps the items.
func (d *Doctor) tableKept(ctx context.Context, name string) []Finding {
	var found []Finding
	switch ok, err := d.Table.Recoverable(ctx, name); {
	case errors.Is(err, dynamodb.ErrNoTable):
	case err != nil:
		found = append(found, d.unseen("whether the state table can be recovered could not be looked at", err))
	case !ok:
		found = append(found, tell(Warning, "What the state table held a while ago cannot be recovered: point-in-time recovery is off.").
			because("What is deleted or written over by mistake, cooldowns and overrides among it, is gone.").
			todo("Turn it on, as the deployment does.").
			by("aws", "dynamodb", "update-continuous-backups", "--table-name", name,
				"--point-in-time-recovery-specification", "PointInTimeRecoveryEnabled=true"))
	}
	switch attribute, err := d.Table.Expires(ctx, name); {
	case err != nil:
		found = append(found, d.unseen("whether the state table forgets what is over could not be looked at", err))
	case attribute != config.KeyExpires:
		found = append(found, tell(Warning, "The state table does not forget what is over: its time to live is not on the attribute %s.", config.KeyExpires).
			because("Activities of the past stay in it for ever; nothing else depends on it.").
			todo("Turn it on, as the deployment does.").
			by("aws", "dynamodb", "update-time-to-live", "--table-name", name,
				"--time-to-live-specification", "Enabled=true,AttributeName="+config.KeyExpires))
	}
	return found
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
