using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Tests;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RabbitMQ.Client;

namespace Kublambda.Hosting.Tests;

/// <summary>The bus as the services use it, on a real RabbitMQ.</summary>
public sealed class BusTests(RabbitMqServer server)
{
    private static readonly LambdaRef Lambda = new("shop", "resize", "1a2b3c4d-0000-4000-8000-000000000000");

    [Fact]
    public async Task A_fact_reaches_the_consumer_and_its_queue_is_a_quorum_queue()
    {
        var seen = new Seen();
        await using var host = await StartAsync("one", seen, server.Port);
        await Publish(host);
        await Eventually(() => Assert.Single(seen.Messages));
        // The type of a queue cannot be changed: declaring it as a classic one has to be refused.
        using var connection = await server.ConnectAsync();
        using var channel = await connection.CreateChannelAsync(cancellationToken: TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<RabbitMQ.Client.Exceptions.OperationInterruptedException>(() =>
            channel.QueueDeclareAsync("one-recording", durable: true, exclusive: false, autoDelete: false,
                new Dictionary<string, object?> { ["x-queue-type"] = "classic" }, cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_message_whose_handling_fails_for_good_is_kept_in_the_dead_letters()
    {
        var seen = new Seen { Fault = new InvalidOperationException("poison") };
        await using var host = await StartAsync("two", seen, server.Port);
        await Publish(host);
        await EventuallyAsync(async () => Assert.Equal(1u, await CountAsync("two-recording_error")));
        Assert.Equal(4, seen.Messages.Count);
    }

    [Fact]
    public async Task A_message_that_is_not_JSON_is_kept_in_the_dead_letters_and_the_next_one_is_handled()
    {
        var seen = new Seen();
        await using var host = await StartAsync("three", seen, server.Port);
        using (var connection = await server.ConnectAsync())
        using (var channel = await connection.CreateChannelAsync(cancellationToken: TestContext.Current.CancellationToken))
            await channel.BasicPublishAsync("three-recording", "", Encoding.UTF8.GetBytes("{"), TestContext.Current.CancellationToken);
        await EventuallyAsync(async () => Assert.Equal(1u, await CountAsync("three-recording_error")));
        await Publish(host);
        await Eventually(() => Assert.Single(seen.Messages));
    }

    [Fact]
    public async Task A_message_whose_handling_fails_for_now_is_let_go_because_it_is_said_again()
    {
        var seen = new Seen { Fault = new HttpRequestException("the registry is away") };
        await using var host = await StartAsync("four", seen, server.Port);
        await Publish(host);
        await Eventually(() => Assert.Equal(4, seen.Messages.Count));
        seen.Fault = null;
        await Publish(host);
        await Eventually(() => Assert.Equal(5, seen.Messages.Count));
        Assert.Equal(0u, await CountAsync("four-recording_error"));
    }

    [Fact]
    public async Task Publishing_to_a_broker_that_is_away_ends_in_a_timeout_that_names_it()
    {
        await using var host = await StartAsync("five", new Seen(), port: 1);
        var fault = await Assert.ThrowsAsync<TimeoutException>(() => Publish(host));
        Assert.Contains("RabbitMQ", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_without_a_password_for_the_broker_refuses_to_start()
    {
        var fault = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(
            () => StartAsync("six", new Seen(), server.Port, password: ""));
        Assert.Contains("Password", fault.Message, StringComparison.Ordinal);
    }

    private static Task Publish(WebApplication host) =>
        host.Services.GetRequiredService<IFactPublisher>()
            .PublishAsync(new LambdaChanged { Lambda = Lambda, Generation = 1 }, TestContext.Current.CancellationToken);

    private static async Task<WebApplication> StartAsync(string service, Seen seen, int port, string password = "guest")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Urls"] = "http://127.0.0.1:0",
            ["RabbitMq:Host"] = "127.0.0.1",
            ["RabbitMq:Port"] = port.ToString(CultureInfo.InvariantCulture),
            ["RabbitMq:Username"] = "guest",
            ["RabbitMq:Password"] = password,
        });
        builder.AddKublambdaDefaults(service, bus => bus.AddConsumer<RecordingConsumer>());
        builder.Services.AddSingleton(seen);
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(2));
        var app = builder.Build();
        await app.StartAsync(TestContext.Current.CancellationToken);
        if (port != 1)
            await EventuallyAsync(async () => Assert.Equal(BusHealthStatus.Healthy, (await Task.FromResult(app.Services.GetRequiredService<IBusControl>().CheckHealth())).Status));
        return app;
    }

    /// <summary>Messages in a queue; none where there is no such queue.</summary>
    private async Task<uint> CountAsync(string queue)
    {
        using var connection = await server.ConnectAsync();
        using var channel = await connection.CreateChannelAsync(cancellationToken: TestContext.Current.CancellationToken);
        try
        {
            return await channel.MessageCountAsync(queue, TestContext.Current.CancellationToken);
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException)
        {
            return 0;
        }
    }

    private static Task Eventually(Action assert) => EventuallyAsync(() =>
    {
        assert();
        return Task.CompletedTask;
    });

    private static async Task EventuallyAsync(Func<Task> assert)
    {
        for (var since = Stopwatch.StartNew(); ; await Task.Delay(50, TestContext.Current.CancellationToken))
        {
            try
            {
                await assert();
                return;
            }
            catch (Exception) when (since.Elapsed < TimeSpan.FromSeconds(20))
            {
                // Not yet.
            }
        }
    }

    internal sealed class Seen
    {
        public ConcurrentQueue<LambdaChanged> Messages { get; } = new();
        public Exception? Fault { get; set; }
    }

    internal sealed class RecordingConsumer(Seen seen) : IConsumer<LambdaChanged>
    {
        public Task Consume(ConsumeContext<LambdaChanged> context)
        {
            seen.Messages.Enqueue(context.Message);
            return seen.Fault is { } fault ? throw fault : Task.CompletedTask;
        }
    }
}
