using Kublambda.Tests;
using Kublambda.Triggers;
using Kublambda.Watcher.Broker;
using Kublambda.Watcher.State;
using Microsoft.Extensions.Logging.Abstractions;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Kublambda.Watcher.Tests;

/// <summary>A broker that is killed right after queues were declared.</summary>
public sealed class FirstUseTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_RabbitMQ_had_not_written_down_when_it_was_killed_is_made_anew()
    {
        var queues = new TriggerQueues(Guid.NewGuid().ToString("D"));
        await using var server = new RabbitMqServer();
        await server.StartAsync();
        await using (var connection = await server.ConnectAsync())
        {
            await Topology.DeclareEventsAsync(connection, queues, Cancellation);
            // Now the names are written down, and the leaders are not.
            await Task.Delay(50, Cancellation);
            await server.KillAsync();
        }

        await server.StartAsync();
        var again = await PreparedAsync(server, queues);
        await using var publisher = await ConfirmedChannel.OpenAsync(again, TimeProvider.System, Cancellation);
        foreach (var key in new[] { TriggerQueues.EventsKey, TriggerQueues.ParkedKey, TriggerQueues.DeadKey })
            await publisher.PublishAsync([new Outgoing(queues.Exchange, key, new BasicProperties { Persistent = true }, default)], Cancellation);
        Assert.True(await Topology.IsMarkedAsync(again, queues.Used, Cancellation));

        var options = new WatcherOptions { CachePath = Directory.CreateTempSubdirectory("kublambda-state-").FullName };
        using (var log = await StateLog.OpenAsync(again, publisher, queues, options, NullLogger.Instance, Cancellation))
            await log.AppendAsync([StateRecord.At("s", "5")], Cancellation);
        Assert.True(await Topology.IsMarkedAsync(again, queues.StateUsed, Cancellation));
        Directory.Delete(options.CachePath, recursive: true);
    }

    /// <summary>As sessions do: each begins anew when the one before broke.</summary>
    private static async Task<IConnection> PreparedAsync(RabbitMqServer server, TriggerQueues queues)
    {
        for (var session = 1; ; session++)
        {
            var connection = await server.ConnectAsync();
            try
            {
                await new FirstUse(connection, TimeProvider.System, NullLogger.Instance).PrepareAsync([queues], Cancellation);
                return connection;
            }
            catch (Exception e) when (e is BrokerLostException or OperationInterruptedException && session < 6)
            {
                TestContext.Current.TestOutputHelper!.WriteLine(e.Message);
                await connection.DisposeAsync();
            }
        }
    }
}
