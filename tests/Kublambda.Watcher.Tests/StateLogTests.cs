using Kublambda.Hosting;
using Kublambda.Tests;
using Kublambda.Triggers;
using Kublambda.Watcher.Broker;
using Kublambda.Watcher.State;
using Kublambda.Watcher.Streams;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;

namespace Kublambda.Watcher.Tests;

/// <summary>The log of last seen state, in a real broker.</summary>
public sealed class StateLogTests(RabbitMqServer server) : IAsyncDisposable
{
    private readonly TriggerQueues _queues = new(Guid.NewGuid().ToString("D"));
    private readonly string _cache = Directory.CreateTempSubdirectory("kublambda-state-").FullName;
    private readonly List<IAsyncDisposable> _open = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private BrokerConnector Connector => new(Options.Create(new RabbitMqOptions
    {
        Host = "127.0.0.1",
        Port = (ushort)server.Port,
        Username = "guest",
        Password = "guest",
    }));

    private static ObjectState AState(string key, string version) => new(key, $"uid-{key}", version, Packing.Pack("{}"u8));

    [Fact]
    public async Task What_one_watcher_has_seen_the_next_one_knows()
    {
        var (first, _) = await OpenAsync();
        await first.AppendAsync([StateRecord.Put("s", AState("a", "1"), ""), StateRecord.Put("s", AState("b", "2"), ""), StateRecord.At("s", "5")], Cancellation);
        await first.AppendAsync([StateRecord.Put("s", AState("a", "7"), "7"), StateRecord.Delete("s", "b", "8")], Cancellation);
        await first.AppendAsync([StateRecord.Put("t", AState("x", "1"), "1"), new StateRecord(StateRecordKind.Relist) { Stream = "t" }], Cancellation);
        var (second, _) = await OpenAsync();
        Assert.Equal(new StreamPosition("8", false), second.Store.Position("s"));
        Assert.Equal(new StreamPosition("1", true), second.Store.Position("t"));
        Assert.Equal("7", second.Store.Get("s", "a")!.Version);
        Assert.Null(second.Store.Get("s", "b"));
        Assert.Equal(2, second.Store.Count);
        await second.AppendAsync([new StateRecord(StateRecordKind.Drop) { Stream = "t" }], Cancellation);
        var (third, _) = await OpenAsync();
        Assert.Equal(["s"], third.Store.Streams);
        Assert.Equal(1, third.Store.Count);
    }

    [Fact]
    public async Task A_log_that_has_grown_is_written_anew_and_says_the_same()
    {
        var (first, _) = await OpenAsync(compactionRecords: 100);
        for (var i = 1; i <= 25; i++)
            await first.AppendAsync([.. Enumerable.Range(0, 10).Select(k => StateRecord.Put("s", AState($"k{k}", $"{(i * 10) + k}"), $"{(i * 10) + k}"))], Cancellation);
        var (second, _) = await OpenAsync();
        Assert.Equal(10, second.Store.Count);
        Assert.Equal("259", second.Store.Get("s", "k9")!.Version);
        Assert.Equal("259", second.Store.Position("s")!.Position);
        await using var connection = await server.ConnectAsync();
        var sides = new[] { await Topology.StateExistsAsync(connection, _queues, 'a', Cancellation), await Topology.StateExistsAsync(connection, _queues, 'b', Cancellation) };
        Assert.Single(sides, there => there);
    }

    [Fact]
    public async Task A_new_log_that_was_not_finished_does_not_count()
    {
        var (first, channel) = await OpenAsync();
        await first.AppendAsync([StateRecord.Put("s", AState("a", "1"), "1")], Cancellation);
        await using var connection = await server.ConnectAsync();
        await Topology.DeclareStateAsync(connection, _queues, 'b', Cancellation);
        await channel.PublishAsync(
            [Record(new StateRecord(StateRecordKind.Begin) { Version = "2", Epoch = 1 }, 'b'), Record(StateRecord.Put("s", AState("z", "9"), "9") with { Epoch = 1 }, 'b')], Cancellation);
        var (second, _) = await OpenAsync();
        Assert.Equal("1", second.Store.Position("s")!.Position);
        Assert.False(await Topology.StateExistsAsync(connection, _queues, 'b', Cancellation));

        await Topology.DeclareStateAsync(connection, _queues, 'b', Cancellation);
        await channel.PublishAsync(
            [
                Record(new StateRecord(StateRecordKind.Begin) { Version = "2", Epoch = 2 }, 'b'), Record(StateRecord.Put("s", AState("a", "3"), "3") with { Epoch = 2 }, 'b'),
                Record(new StateRecord(StateRecordKind.Complete) { Version = "2", Epoch = 2 }, 'b'),
            ],
            Cancellation);
        var (third, _) = await OpenAsync();
        Assert.Equal("3", third.Store.Position("s")!.Position);
        Assert.False(await Topology.StateExistsAsync(connection, _queues, 'a', Cancellation));
    }

    [Fact]
    public async Task What_a_watcher_writes_after_its_successor_has_begun_does_not_count()
    {
        var (first, _) = await OpenAsync();
        await first.AppendAsync([StateRecord.Put("s", AState("a", "1"), "1")], Cancellation);
        var (second, _) = await OpenAsync();
        await second.AppendAsync([StateRecord.Put("s", AState("a", "5"), "5")], Cancellation);
        await first.AppendAsync([StateRecord.Put("s", AState("a", "2"), "2")], Cancellation);
        var (third, _) = await OpenAsync();
        Assert.Equal(("5", "5"), (third.Store.Get("s", "a")!.Version, third.Store.Position("s")!.Position));
    }

    [Fact]
    public async Task The_lock_is_one_connections_until_it_ends()
    {
        var one = await server.ConnectAsync();
        await using var other = await server.ConnectAsync();
        Assert.True(await Topology.TryLockAsync(one, _queues, Cancellation));
        Assert.False(await Topology.TryLockAsync(other, _queues, Cancellation));
        await one.DisposeAsync();
        Assert.True(await Topology.TryLockAsync(other, _queues, Cancellation));
    }

    [Fact]
    public async Task Events_that_lost_connections_had_at_hand_come_again_in_their_order()
    {
        await using var connection = await server.ConnectAsync();
        await Topology.DeclareEventsAsync(connection, _queues, Cancellation);
        await using var publisher = await ConfirmedChannel.OpenAsync(connection, TimeProvider.System, Cancellation);
        await publisher.PublishAsync(
            [.. Enumerable.Range(0, 500).Select(i => new Outgoing(_queues.Exchange, TriggerQueues.EventsKey, new BasicProperties { MessageId = $"{i}" }, default))], Cancellation);
        var random = new Random(1);
        var settled = new HashSet<int>();
        for (var round = 0; round < 4; round++)
        {
            var consumer = await server.ConnectAsync();
            var channel = await consumer.CreateChannelAsync(cancellationToken: Cancellation);
            await channel.BasicQosAsync(0, 200, false, Cancellation);
            var got = System.Threading.Channels.Channel.CreateUnbounded<(ulong Tag, int Id)>();
            var receiver = new RabbitMQ.Client.Events.AsyncEventingBasicConsumer(channel);
            receiver.ReceivedAsync += async (_, message) => await got.Writer.WriteAsync((message.DeliveryTag, int.Parse(message.BasicProperties.MessageId!, null)));
            await channel.BasicConsumeAsync(_queues.Events, false, receiver, Cancellation);
            var order = new List<int>();
            for (var i = 0; i < 150; i++)
            {
                var (tag, id) = await got.Reader.ReadAsync(Cancellation);
                order.Add(id);
                if (random.Next(2) == 0 && settled.Add(id))
                    await channel.BasicAckAsync(tag, false, Cancellation);
            }

            Assert.Equal(order.Order(), order);
            await consumer.AbortAsync(Cancellation);
            await consumer.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var each in _open)
            await each.DisposeAsync();
        Directory.Delete(_cache, recursive: true);
    }

    private Outgoing Record(StateRecord record, char side) => new(_queues.Exchange, TriggerQueues.StateKey(side), record.Properties(), record.Body);

    private async Task<(StateLog Log, ConfirmedChannel Channel)> OpenAsync(int compactionRecords = 20_000)
    {
        var connection = await Connector.ConnectAsync("test", Cancellation);
        var channel = await ConfirmedChannel.OpenAsync(connection, TimeProvider.System, Cancellation);
        _open.Add(channel);
        _open.Add(connection);
        var options = new WatcherOptions { CachePath = Path.Combine(_cache, Guid.NewGuid().ToString("N")), CompactionRecords = compactionRecords };
        return (await StateLog.OpenAsync(connection, channel, _queues, options, NullLogger.Instance, Cancellation), channel);
    }
}
