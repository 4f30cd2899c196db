using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>Messages that cannot be handled: kept, seen, replayed by the command of docs/operations.md; the rest goes on.</summary>
[Collection(DisturbsThePlatform.Name)]
public sealed class DeadLetterTests(TestNamespace<DeadLetterTests> space, TestCluster cluster) : IClassFixture<TestNamespace<DeadLetterTests>>
{
    private const string Queue = "builder-lambda-changed";
    private const string Dead = $"{Queue}_error";
    private const string Type = "urn:message:Kublambda.Contracts.Messages:LambdaChanged";

    [Fact]
    public async Task A_poisoned_message_lands_in_the_dead_letters_and_the_command_replays_them()
    {
        await using var broker = await Broker.ConnectAsync(cluster);
        await DeadLetters.RunAsync("drop", Dead, mayFail: true);

        // Poison: the message has nothing of what it must have.
        await broker.PutAsync(Queue, $$"""{"messageType":["{{Type}}"],"message":{"generation":"not a number"} }""");
        await CountAsync(broker, 1);
        // The broker counts every few seconds.
        await Eventually.HoldsAsync(
            "the command to list them", () => DeadLetters.RunAsync("list"), said => said.Contains($"{Dead}\t1", StringComparison.Ordinal), 30);

        // One that a service could not handle then and can now: here, one about a Lambda that is gone.
        await broker.PutAsync(Dead, $$"""
            {"messageType":["{{Type}}"],"message":{"lambda":{"namespace":"{{space.Name}}","name":"gone","uid":"{{Guid.NewGuid()}}"},"generation":1} }
            """);
        await CountAsync(broker, 2);
        Assert.Contains($"replaying {Dead} to {Queue}", await DeadLetters.RunAsync("replay", Dead), StringComparison.Ordinal);

        // The one is done with; poison stays poison.
        await CountAsync(broker, 1);
        await Task.Delay(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        Assert.Equal(1u, await broker.CountAsync(Dead));

        await DeadLetters.RunAsync("drop", Dead);
        await CountAsync(broker, 0);
        await space.AnswersAsync(await space.ApplyUntilReadyAsync(ALambdaThatSays("after", "as ever")), "as ever");
    }

    private static async Task CountAsync(Broker broker, uint count) =>
        await Eventually.HoldsAsync($"{Dead} to have {count}", () => broker.CountAsync(Dead), found => found == count, 60);
}
