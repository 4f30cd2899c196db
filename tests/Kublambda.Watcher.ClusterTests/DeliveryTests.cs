using System.Collections.Concurrent;
using Kublambda.Tests;
using Kublambda.Triggers;

namespace Kublambda.Watcher.ClusterTests;

public sealed class DeliveryTests(Cluster cluster, RabbitMqServer broker)
{
    [Fact]
    public async Task An_event_is_tried_until_it_is_taken_and_later_ones_of_the_object_wait_for_it()
    {
        await using var scenario = await Scenario.BeginAsync(cluster, broker, ("maps", Scenario.Maps()));
        var failed = 0;
        scenario.Function.Answer = request => Task.FromResult(
            request.Headers["ce-name"] == "a" && request.Headers["ce-type"].ToString().EndsWith("added", StringComparison.Ordinal) && Interlocked.Increment(ref failed) <= 3 ? 503 : 200);
        await scenario.StartAsync();
        await scenario.CreateAsync("a");
        await scenario.SetAsync("a", "2");
        await scenario.CreateAsync("b");
        await scenario.TakesAsync(3);
        Assert.Equal(["added a", "modified a"], scenario.Function.Taken.Where(call => call.Subject.EndsWith("/a", StringComparison.Ordinal)).Select(call => call.Short));
        Assert.Equal("added b", scenario.Function.Taken.First().Short);
        Assert.Single(scenario.Function.Calls.Where(call => call.Short == "added a").Select(call => call.Id).Distinct());
        var report = await scenario.ReportsAsync("maps", each => each.Delivered == 3);
        Assert.Contains("503", report.LastError!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_function_refuses_or_never_takes_is_in_the_dead_letters_and_can_be_replayed()
    {
        await using var scenario = await Scenario.BeginAsync(cluster, broker, ("maps", Scenario.Maps()));
        scenario.Settings["Watcher__RetryFor"] = "00:00:01";
        var broken = true;
        scenario.Function.Answer = request => Task.FromResult(!broken ? 200 : request.Headers["ce-name"] == "refused" ? 400 : 500);
        await scenario.StartAsync();
        await scenario.CreateAsync("refused");
        await scenario.CreateAsync("never");
        var report = await scenario.ReportsAsync("maps", each => each.Failed == 2);
        Assert.Equal((0L, 0L), (report.Delivered, report.Waiting));
        var letters = await scenario.MessagesAsync(scenario.Queues.Dead);
        Assert.Equal(
            ["refused 1 The function answered 400.", "never many The function answered 500."],
            letters.Select(letter => $"{Scenario.Header(letter, "cloudEvents:name")} {(Scenario.Header(letter, TriggerHeaders.Attempts) == "1" ? "1" : "many")} {Scenario.Header(letter, TriggerHeaders.Reason)}"));
        Assert.Equal($"{scenario.Namespace}/changes", Scenario.Header(letters[0], TriggerHeaders.Lambda));

        broken = false;
        await using var connection = await broker.ConnectAsync();
        await using var channel = await connection.CreateChannelAsync();
        foreach (var letter in letters)
            await channel.BasicPublishAsync(scenario.Queues.Exchange, TriggerQueues.EventsKey, true, new RabbitMQ.Client.BasicProperties(letter.BasicProperties), letter.Body);
        await scenario.TakesAsync(2);
        Assert.Equal(["added never", "added refused"], scenario.Function.Taken.Select(call => call.Short).Order());
    }

    [Fact]
    public async Task Different_objects_are_called_side_by_side_and_one_object_one_at_a_time()
    {
        await using var scenario = await Scenario.BeginAsync(cluster, broker, ("maps", Scenario.Maps()));
        var (now, most, running) = (0, 0, new ConcurrentDictionary<string, int>());
        var overlaps = 0;
        scenario.Function.Answer = async request =>
        {
            var name = request.Headers["ce-name"].ToString();
            if (running.AddOrUpdate(name, 1, (_, count) => count + 1) > 1)
                Interlocked.Increment(ref overlaps);
            most = Math.Max(most, Interlocked.Increment(ref now));
            await Task.Delay(300);
            Interlocked.Decrement(ref now);
            running.AddOrUpdate(name, 0, (_, count) => count - 1);
            return 200;
        };
        await scenario.StartAsync();
        for (var i = 0; i < 10; i++)
        {
            await scenario.CreateAsync($"a{i}");
            await scenario.SetAsync($"a{i}", "2");
        }

        await scenario.TakesAsync(20);
        Assert.Equal(0, overlaps);
        Assert.True(most >= 3, $"at most {most} calls at the same time");
        foreach (var calls in scenario.Function.Taken.GroupBy(call => call.Subject))
            Assert.Equal(["added", "modified"], calls.Select(call => call.Event));
    }

    [Fact]
    public async Task An_object_whose_events_are_not_taken_is_in_nobodys_way_however_many_they_are_and_keeps_its_order()
    {
        const int Changes = 230; // more than are at hand
        await using var scenario = await Scenario.BeginAsync(cluster, broker, ("maps", Scenario.Maps()));
        scenario.Settings["Watcher__ParkAfter"] = "00:00:00.500";
        var broken = true;
        scenario.Function.Answer = request => Task.FromResult(Volatile.Read(ref broken) && request.Headers["ce-name"] == "bad" ? 503 : 200);
        await scenario.StartAsync();
        await scenario.CreateAsync("bad", "1");
        for (var i = 2; i <= Changes; i++)
            await scenario.SetAsync("bad", $"{i}");
        await scenario.CreateAsync("good");
        await scenario.TakesAsync(1);
        await scenario.Watcher!.KillAsync();
        await scenario.StartAsync();
        await scenario.SetAsync("good", "2");
        await scenario.TakesAsync(2);
        Assert.All(scenario.Function.Taken, call => Assert.EndsWith("/good", call.Subject, StringComparison.Ordinal));

        Volatile.Write(ref broken, false);
        await scenario.SetAsync("bad", "last");
        await scenario.TakesAsync(Changes + 3, seconds: 60);
        Assert.Equal(
            [.. Enumerable.Range(1, Changes).Select(i => $"{i}"), "last"],
            scenario.Function.Taken.Where(call => call.Subject.EndsWith("/bad", StringComparison.Ordinal)).DistinctBy(call => call.Id).Select(call => call.Value("value")));
    }

    [Fact]
    public async Task A_large_object_comes_through_whole()
    {
        await using var scenario = await Scenario.BeginAsync(cluster, broker, ("maps", Scenario.Maps()));
        await scenario.StartAsync();
        var large = new string('x', 900_000);
        await scenario.CreateAsync("large", large);
        await scenario.DeleteAsync("large");
        await scenario.TakesAsync(2);
        Assert.All(scenario.Function.Taken, call => Assert.Equal(large, call.Value("value")));
    }
}
