using RabbitMQ.Client;

namespace Kublambda.Watcher.Broker;

/// <summary>
/// The connection that events are taken on: one for all Lambdas of the process, and apart from the one that publishes, which the broker
/// stops reading when it runs out of memory or disk.
/// </summary>
internal sealed class ConsumerConnection(BrokerConnector connector) : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private IConnection? _connection;

    public async Task<IConnection> GetAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_connection is { IsOpen: true })
                return _connection;
            await CloseAsync();
            return _connection = await connector.ConnectAsync("delivery", cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _turn.Dispose();
    }

    private async Task CloseAsync()
    {
        if (_connection is not { } connection)
            return;
        _connection = null;
        try
        {
            await connection.DisposeAsync();
        }
        catch (Exception)
        {
            // Closed by the other side before.
        }
    }
}
