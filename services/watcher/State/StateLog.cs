using System.Globalization;
using Kublambda.Triggers;
using Kublambda.Watcher.Broker;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Kublambda.Watcher.State;

/// <summary>
/// The truth about the last seen state: a log in a RabbitMQ stream, which is read from the start when a watcher begins and written anew
/// into the other of two streams when it has grown. A <see cref="StateStore"/> has what it says at hand.
/// </summary>
internal sealed partial class StateLog : IDisposable
{
    private const int Attempts = 5;
    private readonly IConnection _connection;
    private readonly ConfirmedChannel _channel;
    private readonly TriggerQueues _queues;
    private readonly WatcherOptions _options;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly long _epoch;
    private char _side;
    private long _generation;
    private long _records;

    private StateLog(
        IConnection connection, ConfirmedChannel channel, TriggerQueues queues, WatcherOptions options, ILogger logger, LoadedState loaded)
    {
        (_connection, _channel, _queues, _options, _logger) = (connection, channel, queues, options, logger);
        (Store, _side, _generation, _records, _epoch) = (loaded.Store, loaded.Side, loaded.Generation, loaded.Records, loaded.Epoch);
    }

    public StateStore Store { get; }

    /// <summary>Reads what is there. The caller holds the lock.</summary>
    public static async Task<StateLog> OpenAsync(
        IConnection connection, ConfirmedChannel channel, TriggerQueues queues, WatcherOptions options, ILogger logger, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(options.CachePath);
        var reader = new StateReader(connection, channel, queues, options.CachePath);
        LoadedState? best = null;
        var used = await Topology.IsMarkedAsync(connection, queues.StateUsed, cancellationToken);
        var broken = new List<char>();
        foreach (var side in new[] { 'a', 'b' })
        {
            var exists = await ExistsAsync(connection, queues, side, cancellationToken);
            if (exists is null)
                broken.Add(side);
            if (exists != true)
                continue;
            var loaded = await reader.ReadAsync(side, cancellationToken);
            // Both are there when a watcher ended while it wrote the state anew: what is not complete does not count, and the newer one does.
            var older = !loaded.Complete || best?.Generation > loaded.Generation ? loaded : best;
            best = older == loaded ? best : loaded;
            if (older is not null)
            {
                older.Store.Dispose();
                await Topology.DeleteAsync(connection, queues.State(older.Side), cancellationToken);
            }
        }

        // Where the other one is whole, RabbitMQ ended while it was being replaced, and nothing was written to this one alone yet.
        foreach (var side in broken)
        {
            if (used && best is null)
                throw Lost(queues.State(side));
            try
            {
                LogThrownAway(logger, queues.State(side));
                await Topology.DeleteAsync(connection, queues.State(side), cancellationToken);
            }
            catch (OperationInterruptedException)
            {
                throw Lost(queues.State(side));
            }
        }

        if (best is not null)
        {
            if (!used)
                await Topology.MarkAsync(connection, queues.StateUsed, cancellationToken);
            LogRead(logger, queues.State(best.Side), best.Records, best.Store.Count, best.Epoch);
            return new StateLog(connection, channel, queues, options, logger, best);
        }

#pragma warning disable CA2000 // The log owns it.
        var log = new StateLog(connection, channel, queues, options, logger, new LoadedState(reader.NewStore('b'), 'b') { Epoch = 1 });
#pragma warning restore CA2000
        await log.RewriteAsync(deleteOld: false, cancellationToken);
        // Nothing of worth goes into it before RabbitMQ has written down that it is there.
        await Task.Delay(FirstUse.Settling, cancellationToken);
        await Topology.MarkAsync(connection, queues.StateUsed, cancellationToken);
        return log;
    }

    private static BrokerLostException Lost(string queue) =>
        new($"RabbitMQ does not run {queue}. If that stays so, it has lost the stream: delete it there, and the triggers begin anew with what is there then");

    /// <summary>Whether a stream is there. Null: it is, but it does not run, and not only because it is being started.</summary>
    private static async Task<bool?> ExistsAsync(IConnection connection, TriggerQueues queues, char side, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await Topology.StateExistsAsync(connection, queues, side, cancellationToken);
            }
            catch (BrokerLostException) when (connection.IsOpen)
            {
                if (attempt == Attempts)
                    return null;
                await Task.Delay(FirstUse.Settling, cancellationToken);
            }
        }
    }

    /// <summary>Returns when the records are stored; then they are in <see cref="Store"/> too. The records of one call stay in order, and may be stored in part where it fails.</summary>
    /// <exception cref="BrokerLostException">It is not known whether they are.</exception>
    public async Task AppendAsync(IReadOnlyCollection<StateRecord> records, CancellationToken cancellationToken)
    {
        if (records.Count == 0)
            return;
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await _channel.PublishAsync([.. records.Select(Message)], cancellationToken);
            Store.Apply(records);
            _records += records.Count;
            if (_records > Store.Count * 2L + _options.CompactionRecords)
                await RewriteAsync(deleteOld: true, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose()
    {
        Store.Dispose();
        _turn.Dispose();
    }

    private async Task RewriteAsync(bool deleteOld, CancellationToken cancellationToken)
    {
        var (old, written) = (_side, 0L);
        _side = old == 'a' ? 'b' : 'a';
        if (await Topology.StateExistsAsync(_connection, _queues, _side, cancellationToken))
            await Topology.DeleteAsync(_connection, _queues.State(_side), cancellationToken);
        await Topology.DeclareStateAsync(_connection, _queues, _side, cancellationToken);
        var generation = (++_generation).ToString(CultureInfo.InvariantCulture);
        IEnumerable<StateRecord> all =
        [
            new StateRecord(StateRecordKind.Begin) { Version = generation },
            .. Store.Snapshot(),
            new StateRecord(StateRecordKind.Complete) { Version = generation },
        ];
        foreach (var part in all.Chunk(50))
        {
            await _channel.PublishAsync([.. part.Select(Message)], cancellationToken);
            written += part.Length;
        }

        if (deleteOld)
        {
            // Not before RabbitMQ has written down that the new one is there.
            await Task.Delay(FirstUse.Settling, cancellationToken);
            await Topology.DeleteAsync(_connection, _queues.State(old), cancellationToken);
        }

        LogRewritten(_logger, _queues.State(_side), _records, written);
        _records = written;
    }

    private Outgoing Message(StateRecord record) =>
        new(_queues.Exchange, TriggerQueues.StateKey(_side), (record with { Epoch = _epoch }).Properties(), record.Body);

    [LoggerMessage(LogLevel.Information, "{Queue}: read {Records} records, {Objects} objects were last seen; this is watcher {Epoch} in the row")]
    private static partial void LogRead(ILogger logger, string queue, long records, int objects, long epoch);

    [LoggerMessage(LogLevel.Warning, "{Queue} does not run, and nothing can be in it that is not elsewhere: it is thrown away")]
    private static partial void LogThrownAway(ILogger logger, string queue);

    [LoggerMessage(LogLevel.Information, "{Queue}: the state is written anew, {Before} records before, {After} now")]
    private static partial void LogRewritten(ILogger logger, string queue, long before, long after);
}

/// <summary>What one of the two streams holds.</summary>
internal sealed record LoadedState(StateStore Store, char Side)
{
    public bool Complete { get; set; }
    public long Generation { get; set; }
    public long Records { get; set; }

    /// <summary>Of the watcher that reads: one more than the highest that wrote.</summary>
    public long Epoch { get; set; }
}
