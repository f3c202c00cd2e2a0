//go:build local

package contract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sagescale/internal/config"
	"sagescale/internal/dynamodb"
)

// sdkStore is the adapter on a new table of a server.
func sdkStore(t *testing.T, name string, cfg aws.Config) implementation[storeSubject] {
	const table = "contract"
	client := sdk.NewFromConfig(cfg)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := createTable(ctx, client, table); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	adapter := dynamodb.New(client, table)
	return implementation[storeSubject]{name: name, subject: storeSubject{
		store: adapter,
		unset: adapter.DeleteOverride,
		lossy: func(meanwhile func()) store {
			return dynamodb.New(sdk.NewFromConfig(cfg, losing(meanwhile)), table)
		},
		archived: adapter.Activities,
		put: func(ctx context.Context, endpoint, sort, override string) error {
			_, err := client.PutItem(ctx, &sdk.PutItemInput{TableName: aws.String(table), Item: map[string]types.AttributeValue{
				"pk":       &types.AttributeValueMemberS{Value: endpoint},
				"sk":       &types.AttributeValueMemberS{Value: sort},
				"override": &types.AttributeValueMemberS{Value: override},
				"schema":   &types.AttributeValueMemberN{Value: "1"},
				"expires":  &types.AttributeValueMemberN{Value: "1795516200"},
			}})
			return err
		},
	}}
}

func createTable(ctx context.Context, client *sdk.Client, table string) error {
	_, err := client.CreateTable(ctx, &sdk.CreateTableInput{
		TableName:   &table,
		BillingMode: types.BillingModePayPerRequest,
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String(config.KeyPartition), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String(config.KeySort), KeyType: types.KeyTypeRange},
		},
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(config.KeyPartition), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(config.KeySort), AttributeType: types.ScalarAttributeTypeS},
		},
	})
	if err != nil {
		return fmt.Errorf("create table: %w", err)
	}
	in := &sdk.DescribeTableInput{TableName: &table}
	if err := sdk.NewTableExistsWaiter(client).Wait(ctx, in, patience); err != nil {
		return fmt.Errorf("wait for table: %w", err)
	}
	return nil
}

// losing makes the SDK's client lose the first answer.
func losing(meanwhile func()) func(*sdk.Options) {
	return func(o *sdk.Options) {
		o.HTTPClient = &http.Client{Transport: &lossy{meanwhile: meanwhile}}
	}
}

// lossy is a connection that loses the first answer to a request that was
// carried out, and runs meanwhile before its client can try again.
type lossy struct {
	once      sync.Once
	meanwhile func()
}

// RoundTrip sends the request.
func (l *lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		return answer, err
	}
	l.once.Do(func() {
		err = errors.Join(errors.New("the answer was lost"), answer.Body.Close())
		answer = nil
		l.meanwhile()
	})
	return answer, err
}
