using Kublambda.Triggers;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Kublambda.Watcher.Broker;

/// <summary>What a watcher has in RabbitMQ. Everything is declared again at every start, and is the same each time.</summary>
internal static class Topology
{
    /// <summary>A segment is what a stream deletes and opens at once; the broker's 500 MB are for streams of another size.</summary>
    private const int SegmentBytes = 16 * 1024 * 1024;

    /// <summary>The events of a Lambda and its dead letters.</summary>
    public static async Task DeclareEventsAsync(IConnection connection, TriggerQueues queues, CancellationToken cancellationToken)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        await channel.ExchangeDeclareAsync(queues.Exchange, ExchangeType.Direct, durable: true, autoDelete: false, cancellationToken: cancellationToken);
        await DeclareAsync(channel, queues.Dead, new() { ["x-queue-type"] = "quorum" }, cancellationToken);
        await channel.QueueBindAsync(queues.Dead, queues.Exchange, TriggerQueues.DeadKey, cancellationToken: cancellationToken);
        // One consumer at a time, for the order. Newer brokers give a message up after 20 returns: then it is a dead letter, not lost.
        foreach (var (queue, key) in new[] { (queues.Events, TriggerQueues.EventsKey), (queues.Parked, TriggerQueues.ParkedKey) })
        {
            await DeclareAsync(
                channel, queue,
                new()
                {
                    ["x-queue-type"] = "quorum",
                    ["x-single-active-consumer"] = true,
                    ["x-dead-letter-exchange"] = queues.Exchange,
                    ["x-dead-letter-routing-key"] = TriggerQueues.DeadKey,
                    ["x-dead-letter-strategy"] = "at-least-once",
                    ["x-overflow"] = "reject-publish",
                },
                cancellationToken);
            await channel.QueueBindAsync(queue, queues.Exchange, key, cancellationToken: cancellationToken);
        }
    }

    /// <summary>One of the two streams of the state.</summary>
    public static async Task DeclareStateAsync(IConnection connection, TriggerQueues queues, char side, CancellationToken cancellationToken)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        await channel.ExchangeDeclareAsync(queues.Exchange, ExchangeType.Direct, durable: true, autoDelete: false, cancellationToken: cancellationToken);
        await DeclareAsync(
            channel, queues.State(side), new() { ["x-queue-type"] = "stream", ["x-stream-max-segment-size-bytes"] = SegmentBytes }, cancellationToken);
        await channel.QueueBindAsync(queues.State(side), queues.Exchange, TriggerQueues.StateKey(side), cancellationToken: cancellationToken);
    }

    /// <exception cref="BrokerLostException">It is there, but the broker has not got it running, as while it starts. It must not be taken for missing: the state would begin anew.</exception>
    public static Task<bool> StateExistsAsync(IConnection connection, TriggerQueues queues, char side, CancellationToken cancellationToken) =>
        ExistsAsync(connection, queues.State(side), cancellationToken);

    /// <summary>Whether the shared watcher has what was last seen: <see cref="TriggerQueues.Lent"/>.</summary>
    public static Task<bool> IsLentAsync(IConnection connection, TriggerQueues queues, CancellationToken cancellationToken) => ExistsAsync(connection, queues.Lent, cancellationToken);

    public static async Task LendAsync(IConnection connection, TriggerQueues queues, CancellationToken cancellationToken)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        await channel.QueueDeclareAsync(queues.Lent, durable: true, exclusive: false, autoDelete: false, cancellationToken: cancellationToken);
    }

    public static Task GiveBackAsync(IConnection connection, TriggerQueues queues, CancellationToken cancellationToken) => DeleteAsync(connection, queues.Lent, cancellationToken);

    private static async Task<bool> ExistsAsync(IConnection connection, string queue, CancellationToken cancellationToken)
    {
        var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        try
        {
            await channel.QueueDeclarePassiveAsync(queue, cancellationToken);
            await channel.DisposeAsync();
            return true;
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason is { ReplyCode: Constants.NotFound } reason)
        {
            return reason.ReplyText.Contains("no queue", StringComparison.OrdinalIgnoreCase)
                ? false
                : throw new BrokerLostException(reason.ReplyText);
        }
    }

    /// <summary>Both of the streams.</summary>
    public static async Task DeleteStateAsync(IConnection connection, TriggerQueues queues, CancellationToken cancellationToken)
    {
        await DeleteExchangeAsync(connection, queues.StateUsed, cancellationToken);
        await DeleteAsync(connection, queues.State('a'), cancellationToken);
        await DeleteAsync(connection, queues.State('b'), cancellationToken);
    }

    /// <summary>Deletes a queue or a stream, whatever is in it, and also one without a leader. One that is not there is no error.</summary>
    public static async Task DeleteAsync(IConnection connection, string queue, CancellationToken cancellationToken)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        await channel.QueueDeleteAsync(queue, false, false, false, cancellationToken);
    }

    public static async Task DeleteExchangeAsync(IConnection connection, string exchange, CancellationToken cancellationToken)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        await channel.ExchangeDeleteAsync(exchange, cancellationToken: cancellationToken);
    }

    /// <summary>Leaves a mark: an exchange that nothing is published to.</summary>
    public static async Task MarkAsync(IConnection connection, string mark, CancellationToken cancellationToken)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        await channel.ExchangeDeclareAsync(mark, ExchangeType.Fanout, durable: true, autoDelete: false, cancellationToken: cancellationToken);
    }

    public static async Task<bool> IsMarkedAsync(IConnection connection, string mark, CancellationToken cancellationToken)
    {
        var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        try
        {
            await channel.ExchangeDeclarePassiveAsync(mark, cancellationToken);
            await channel.DisposeAsync();
            return true;
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason is { ReplyCode: Constants.NotFound })
        {
            return false;
        }
    }

    /// <summary>Takes the lock that makes this connection the only one that publishes; it is given back when the connection ends.</summary>
    /// <returns>False: another one has it.</returns>
    public static async Task<bool> TryLockAsync(IConnection connection, TriggerQueues queues, CancellationToken cancellationToken)
    {
        var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        try
        {
            await channel.QueueDeclareAsync(queues.Lock, durable: false, exclusive: true, autoDelete: false, cancellationToken: cancellationToken);
            await channel.DisposeAsync();
            return true;
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == Constants.ResourceLocked)
        {
            return false;
        }
    }

    /// <summary>Gives the lock of <see cref="TryLockAsync"/> back before the connection ends.</summary>
    public static Task UnlockAsync(IConnection connection, TriggerQueues queues, CancellationToken cancellationToken) => DeleteAsync(connection, queues.Lock, cancellationToken);

    private static Task<QueueDeclareOk> DeclareAsync(IChannel channel, string queue, Dictionary<string, object?> arguments, CancellationToken cancellationToken) =>
        channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancellationToken);
}
