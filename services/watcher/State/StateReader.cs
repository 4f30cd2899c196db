using System.Globalization;
using System.Threading.Channels;
using Kublambda.Triggers;
using Kublambda.Watcher.Broker;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Kublambda.Watcher.State;

/// <summary>Reads one of the two streams from its start up to its end, into a store.</summary>
internal sealed class StateReader(IConnection connection, ConfirmedChannel publisher, TriggerQueues queues, string cachePath)
{
    /// <summary>Records on their way; each is an object at most.</summary>
    private const ushort Prefetch = 100;
    private const int BatchSize = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public StateStore NewStore(char side) => new(Path.Combine(cachePath, $"{queues.Owner}-{side}.db"));

    /// <summary>
    /// Reads twice to an end that it marks itself: first to learn which watchers wrote, then, having said that it is the next one, what
    /// the last one may have written in between. What that one writes from then on does not count.
    /// </summary>
    public async Task<LoadedState> ReadAsync(char side, CancellationToken cancellationToken)
    {
#pragma warning disable CA2000 // Whoever gets the state owns it.
        var state = new LoadedState(NewStore(side), side);
#pragma warning restore CA2000
        try
        {
            await Topology.DeclareStateAsync(connection, queues, side, cancellationToken);
            await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
            await channel.BasicQosAsync(0, Prefetch, false, cancellationToken);
            var records = Channel.CreateUnbounded<(ulong Tag, StateRecord? Record)>();
            channel.ChannelShutdownAsync += (_, reason) =>
            {
                records.Writer.TryComplete(new BrokerLostException($"RabbitMQ closed the channel on {queues.State(side)}: {reason.ReplyText}"));
                return Task.CompletedTask;
            };
            var consumer = new AsyncEventingBasicConsumer(channel);
            consumer.ReceivedAsync += async (_, message) =>
                await records.Writer.WriteAsync((message.DeliveryTag, StateRecord.Of(message.BasicProperties, message.Body)), CancellationToken.None);
            await channel.BasicConsumeAsync(
                queues.State(side), false, "", false, false, new Dictionary<string, object?> { ["x-stream-offset"] = "first" }, consumer, cancellationToken);

            var first = await MarkAsync(side, 0, cancellationToken);
            await ReadToAsync(channel, records.Reader, first, state, cancellationToken);
            state.Epoch++;
            var second = await MarkAsync(side, state.Epoch, cancellationToken);
            await ReadToAsync(channel, records.Reader, second, state, cancellationToken);
            return state;
        }
        catch
        {
            state.Store.Dispose();
            throw;
        }
    }

    private async Task<string> MarkAsync(char side, long epoch, CancellationToken cancellationToken)
    {
        var mark = new StateRecord(StateRecordKind.Mark) { Key = Guid.NewGuid().ToString("N"), Epoch = epoch };
        await publisher.PublishAsync([new Outgoing(queues.Exchange, TriggerQueues.StateKey(side), mark.Properties(), default)], cancellationToken);
        return mark.Key;
    }

    private static async Task ReadToAsync(
        IChannel channel, ChannelReader<(ulong Tag, StateRecord? Record)> records, string mark, LoadedState state, CancellationToken cancellationToken)
    {
        var batch = new List<StateRecord>(BatchSize);
        while (true)
        {
            var (tag, record) = await records.ReadAsync(cancellationToken).AsTask().WaitAsync(Patience, cancellationToken);
            state.Records++;
            if (record is not null && Counts(record, state))
                batch.Add(record);
            var end = record is { Kind: StateRecordKind.Mark } && record.Key == mark;
            if (batch.Count < BatchSize && state.Records % BatchSize != 0 && !end)
                continue;
            state.Store.Apply(batch);
            batch.Clear();
            await channel.BasicAckAsync(tag, multiple: true, cancellationToken);
            if (end)
                return;
        }
    }

    /// <summary>Whether a record says something about the state; what it says about the log itself is noted.</summary>
    private static bool Counts(StateRecord record, LoadedState state)
    {
        if (record.Kind == StateRecordKind.Mark && record.Epoch == 0)
            return false;
        if (record.Epoch < state.Epoch)
            return false;
        state.Epoch = record.Epoch;
        switch (record.Kind)
        {
            case StateRecordKind.Begin:
                state.Generation = long.Parse(record.Version, CultureInfo.InvariantCulture);
                return false;
            case StateRecordKind.Complete:
                state.Complete = true;
                return false;
            case StateRecordKind.Mark:
                return false;
            default:
                return true;
        }
    }
}
