using Kublambda.Contracts;
using Kublambda.Hosting.Broker;
using Kublambda.Tests;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Kublambda.Hosting.Tests;

/// <summary>What the triggers of a Lambda have in the broker, on a real one.</summary>
public sealed class TriggerBrokerTests(RabbitMqServer server) : IDisposable
{
    private readonly HttpClient _http = new();
    private readonly string _uid = Guid.NewGuid().ToString();

    private string Prefix => Names.TriggerPrefix(_uid);

    private TriggerBroker Broker => Of($"http://127.0.0.1:{server.ManagementPort}");

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task A_user_may_use_what_is_named_after_its_Lambda_and_nothing_else()
    {
        await Broker.SetPasswordAsync(_uid, "secret", Cancel);
        await Broker.GrantAsync(_uid, Cancel);
        await using var connection = await server.ConnectAsync(Prefix, "secret");

        await using (var channel = await connection.CreateChannelAsync(cancellationToken: Cancel))
        {
            await channel.ExchangeDeclareAsync(Prefix, "direct", durable: true, cancellationToken: Cancel);
            await channel.QueueDeclareAsync($"{Prefix}.events", durable: true, exclusive: false, autoDelete: false, cancellationToken: Cancel);
            await channel.QueueBindAsync($"{Prefix}.events", Prefix, "events", cancellationToken: Cancel);
        }

        var other = Names.TriggerPrefix(Guid.NewGuid().ToString());
        await RefusedAsync(connection, c => c.QueueDeclareAsync($"{other}.events", durable: true, exclusive: false, autoDelete: false));
        await RefusedAsync(connection, c => c.QueueDeclareAsync($"{Prefix}x", durable: true, exclusive: false, autoDelete: false));
        await RefusedAsync(connection, c => c.ExchangeDeclareAsync("mine", "direct"));
        await RefusedAsync(connection, async c =>
        {
            await c.BasicPublishAsync("", $"{Prefix}.events", ReadOnlyMemory<byte>.Empty);
            await c.QueueDeclarePassiveAsync($"{Prefix}.events");
        });
        await Broker.RemoveAsync(_uid, Cancel);
    }

    [Fact]
    public async Task Removing_ends_the_connections_and_leaves_nothing_and_touches_nobody_else()
    {
        var neighbour = Guid.NewGuid().ToString();
        foreach (var uid in new[] { _uid, neighbour })
        {
            await Broker.SetPasswordAsync(uid, "secret", Cancel);
            await Broker.GrantAsync(uid, Cancel);
        }

        await using var mine = await FilledAsync(_uid);
        await using var theirs = await FilledAsync(neighbour);
        Assert.Equal(new[] { _uid, neighbour }.Order(StringComparer.Ordinal), (await Broker.OwnersAsync(Cancel)).Intersect([_uid, neighbour]).Order(StringComparer.Ordinal));

        var removed = await Broker.RemoveAsync(_uid, Cancel);
        Assert.Equal(
            new[] { $"exchange {Prefix}", $"queue {Prefix}.events", $"queue {Prefix}.state-a", $"user {Prefix}" }, removed.Order(StringComparer.Ordinal));
        for (var i = 0; mine.IsOpen && i < 100; i++)
            await Task.Delay(100, Cancel);
        Assert.False(mine.IsOpen, "the connection outlives its user");
        Assert.True(theirs.IsOpen);

        var owners = await Broker.OwnersAsync(Cancel);
        Assert.DoesNotContain(_uid, owners);
        Assert.Contains(neighbour, owners);
        Assert.Empty(await Broker.RemoveAsync(_uid, Cancel));
        await Broker.RemoveAsync(neighbour, Cancel);
    }

    [Fact]
    public async Task A_new_password_has_a_new_name_and_a_user_that_is_gone_has_none()
    {
        Assert.Null(await Broker.FingerprintAsync(_uid, Cancel));
        await Broker.SetPasswordAsync(_uid, "one", Cancel);
        var first = await Broker.FingerprintAsync(_uid, Cancel);
        Assert.Equal(first, await Broker.FingerprintAsync(_uid, Cancel));
        await Broker.SetPasswordAsync(_uid, "two", Cancel);
        Assert.NotEqual(first, await Broker.FingerprintAsync(_uid, Cancel));
        await Broker.RemoveAsync(_uid, Cancel);
    }

    [Theory]
    [InlineData("kublambda.triggers.shared", null)]
    [InlineData("builder-lambda-changed", null)]
    [InlineData("kublambda.triggers.1a2b3c4d-0000-4000-8000-000000000000.state-a", "1a2b3c4d-0000-4000-8000-000000000000")]
    public void Only_names_with_the_uid_of_a_Lambda_are_taken_for_one_of_a_Lambda(string name, string? uid) => Assert.Equal(uid, TriggerBroker.OwnerOf(name));

    [Fact]
    public async Task A_broker_that_is_away_or_refuses_says_so_with_what_to_do()
    {
        var away = await Assert.ThrowsAsync<BrokerException>(() => Of("http://127.0.0.1:1").FingerprintAsync(_uid, Cancel));
        Assert.Contains("does not answer", away.Message, StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<BrokerException>(() => Of($"http://127.0.0.1:{server.ManagementPort}", "wrong").FingerprintAsync(_uid, Cancel));
        Assert.Contains("tag administrator", refused.Message, StringComparison.Ordinal);
        Assert.False(Of(null).IsThere);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private TriggerBroker Of(string? url, string password = "guest") => new(new RabbitMqManagement(
        _http, Options.Create(new RabbitMqOptions { Host = "127.0.0.1", Username = "guest", Password = password, ManagementUrl = url is null ? null : new Uri(url) })));

    private async Task<IConnection> FilledAsync(string uid)
    {
        var prefix = Names.TriggerPrefix(uid);
        var connection = await server.ConnectAsync(prefix, "secret");
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancel);
        await channel.ExchangeDeclareAsync(prefix, "direct", durable: true, cancellationToken: Cancel);
        await channel.QueueDeclareAsync($"{prefix}.lock", durable: false, exclusive: true, autoDelete: true, cancellationToken: Cancel);
        await DeclareAsync($"{prefix}.events", "quorum");
        await DeclareAsync($"{prefix}.state-a", "stream");
        return connection;

        Task DeclareAsync(string queue, string type) => channel.QueueDeclareAsync(
            queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = type }, cancellationToken: Cancel);
    }

    private static async Task RefusedAsync(IConnection connection, Func<IChannel, Task> attempt)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancel);
        var refusal = await Assert.ThrowsAnyAsync<OperationInterruptedException>(async () =>
        {
            await attempt(channel);
            // A publication is refused by closing the channel, a moment later.
            await Task.Delay(500, Cancel);
            await channel.QueueDeclarePassiveAsync("unreached", Cancel);
        });
        Assert.Equal(403, (int)refusal.ShutdownReason!.ReplyCode);
    }
}
