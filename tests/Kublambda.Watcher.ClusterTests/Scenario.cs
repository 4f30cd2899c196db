using System.Globalization;
using System.Text;
using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Tests;
using Kublambda.Triggers;
using RabbitMQ.Client;

namespace Kublambda.Watcher.ClusterTests;

/// <summary>A Lambda with triggers, its watcher as a process, a function that keeps its calls, and a namespace to change things in.</summary>
public sealed class Scenario : IAsyncDisposable
{
    private readonly string _cache = Directory.CreateTempSubdirectory("kublambda-watcher-").FullName;
    private readonly RabbitMqServer _broker;
    private readonly string _kubeconfig;

    private Scenario(Cluster cluster, RabbitMqServer broker, string ns, ApiProxy proxy, FunctionServer function, Lambda lambda)
    {
        (Cluster, _broker, Namespace, Proxy, Function, Lambda) = (cluster, broker, ns, proxy, function, lambda);
        _kubeconfig = proxy.WriteKubeconfig();
    }

    public Cluster Cluster { get; }
    public string Namespace { get; }
    public ApiProxy Proxy { get; }
    public FunctionServer Function { get; }
    public Lambda Lambda { get; private set; }
    public WatcherProcess? Watcher { get; private set; }
    public TriggerQueues Queues => new(Lambda.Metadata.Uid);

    /// <summary>More settings of the watcher.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    public static async Task<Scenario> BeginAsync(Cluster cluster, RabbitMqServer broker, params (string Name, ResourceTrigger Trigger)[] triggers)
    {
        cluster.Require();
        var ns = await cluster.NamespaceAsync("watcher");
        var lambda = new Lambda
        {
            Metadata = new V1ObjectMeta { Name = "changes", NamespaceProperty = ns, Uid = Guid.NewGuid().ToString("D"), Generation = 1 },
            Spec = new LambdaSpec { Triggers = [.. triggers.Select(each => new TriggerSpec { Name = each.Name, Resource = each.Trigger })] },
        };
        var scenario = new Scenario(
            cluster, broker, ns, await new ApiProxy(cluster.Client).StartAsync(), await new FunctionServer().StartAsync(), Accepted(lambda));
        scenario.Proxy.Put(scenario.Lambda);
        await cluster.Client.CoreV1.CreateNamespacedConfigMapAsync(
            new V1ConfigMap { Metadata = new V1ObjectMeta { Name = Names.Watcher(LambdaRef.Of(lambda)) } }, ns);
        return scenario;
    }

    /// <summary>A trigger on the test's objects.</summary>
    public static ResourceTrigger Maps(string? condition = null) =>
        new() { ApiVersion = "v1", Kind = "ConfigMap", LabelSelector = "test=yes", Condition = condition };

    /// <summary>Starts the watcher; returns when it watches.</summary>
    public async Task StartAsync(bool untilReady = true)
    {
        Watcher = WatcherProcess.Start(new Dictionary<string, string>(Settings)
        {
            ["KUBECONFIG"] = _kubeconfig,
            ["RabbitMq__Host"] = "127.0.0.1",
            ["RabbitMq__Port"] = _broker.Port.ToString(CultureInfo.InvariantCulture),
            ["RabbitMq__Username"] = "guest",
            ["RabbitMq__Password"] = "guest",
            ["Watcher__Namespace"] = Namespace,
            ["Watcher__Name"] = Lambda.Metadata.Name,
            ["Watcher__Uid"] = Lambda.Metadata.Uid,
            ["Watcher__Target"] = Function.Address,
            ["Watcher__CachePath"] = _cache,
            ["Watcher__ReportInterval"] = "00:00:00.300",
            ["Watcher__LookAgain"] = "00:00:01",
        });
        if (!untilReady)
            return;
        // What the last one said is still there: this one's own word counts.
        await Cluster.EventuallyAsync(() => Watcher.Log.Any(line => line.Contains(": watching\"", StringComparison.Ordinal)) || !Watcher.IsRunning, () => "It does not watch: " + Log());
        await WatchingAsync();
    }

    /// <summary>Waits until the watcher says that all triggers are ready.</summary>
    public async Task WatchingAsync()
    {
        for (var i = 0; i < 600; i++)
        {
            var reports = await ReportsAsync();
            if (reports.Count > 0 && reports.All(each => each.Ready))
                return;
            Assert.True(Watcher!.IsRunning, Log());
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.Fail("The watcher does not become ready: " + Log());
    }

    public async Task<IReadOnlyList<TriggerStatus>> ReportsAsync()
    {
        var map = await Cluster.Client.CoreV1.ReadNamespacedConfigMapAsync(Names.Watcher(LambdaRef.Of(Lambda)), Namespace);
        return TriggerReports.Read(map.Data?.TryGetValue(TriggerReports.Key, out var text) == true ? text : null);
    }

    /// <summary>Waits until a trigger's report is as wanted.</summary>
    public async Task<TriggerStatus> ReportsAsync(string trigger, Func<TriggerStatus, bool> wanted)
    {
        TriggerStatus? report = null;
        for (var i = 0; i < 300; i++)
        {
            report = (await ReportsAsync()).FirstOrDefault(each => each.Name == trigger);
            if (report is not null && wanted(report))
                return report;
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"The report of {trigger} is {report}. {Log()}");
        return null!;
    }

    /// <summary>The same Lambda with other triggers.</summary>
    public void Change(params (string Name, ResourceTrigger Trigger)[] triggers)
    {
        var generation = Lambda.Metadata.Generation + 1;
        Lambda = Accepted(Lambda with
        {
            Metadata = new V1ObjectMeta { Name = "changes", NamespaceProperty = Namespace, Uid = Lambda.Metadata.Uid, Generation = generation },
            Spec = new LambdaSpec { Triggers = [.. triggers.Select(each => new TriggerSpec { Name = each.Name, Resource = each.Trigger })] },
        });
        Proxy.Put(Lambda);
    }

    public Task CreateAsync(string name, string value = "1", string label = "yes") => Cluster.Client.CoreV1.CreateNamespacedConfigMapAsync(
        new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["test"] = label } },
            Data = new Dictionary<string, string> { ["value"] = value },
        },
        Namespace);

    public Task PatchAsync(string name, string json) => Cluster.Client.CoreV1.PatchNamespacedConfigMapAsync(
        new V1Patch(json, V1Patch.PatchType.MergePatch), name, Namespace);

    public Task SetAsync(string name, string value) => PatchAsync(name, $$"""{"data":{"value":"{{value}}"} }""");

    public Task DeleteAsync(string name) => Cluster.Client.CoreV1.DeleteNamespacedConfigMapAsync(name, Namespace);

    /// <summary>Waits for so many calls that were answered with 2xx.</summary>
    public Task TakesAsync(int count, int seconds = 30) =>
        Cluster.EventuallyAsync(() => Function.Taken.Count() >= count, () => $"{count} calls; there were: {Calls()}\n{Log()}", seconds);

    /// <summary>All calls in their order, for messages.</summary>
    public string Calls() => string.Join(", ", Function.Calls.Select(call => $"{call.Short}={call.Value("value")} {call.Answer}"));

    public string Log() => string.Join('\n', Watcher?.Log.TakeLast(40) ?? []);

    /// <summary>Takes all messages of a queue.</summary>
    public async Task<IReadOnlyList<BasicGetResult>> MessagesAsync(string queue)
    {
        await using var connection = await _broker.ConnectAsync();
        await using var channel = await connection.CreateChannelAsync();
        var messages = new List<BasicGetResult>();
        while (await channel.BasicGetAsync(queue, autoAck: false) is { } message)
            messages.Add(message);
        return messages;
    }

    /// <summary>A header of a message.</summary>
    public static string Header(BasicGetResult message, string name) =>
        message.BasicProperties.Headers?.TryGetValue(name, out var value) == true && value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : "";

    public async ValueTask DisposeAsync()
    {
        if (Watcher is not null)
            await Watcher.DisposeAsync();
        await Proxy.DisposeAsync();
        await Function.DisposeAsync();
        Directory.Delete(_cache, recursive: true);
        File.Delete(_kubeconfig);
    }

    private static Lambda Accepted(Lambda lambda) => lambda with
    {
        Status = new LambdaStatus
        {
            Conditions =
            [
                new LambdaCondition { Type = ConditionTypes.Accepted, Status = ConditionStatus.True, ObservedGeneration = lambda.Metadata.Generation },
                new LambdaCondition { Type = ConditionTypes.Ready, Status = ConditionStatus.True, ObservedGeneration = lambda.Metadata.Generation },
            ],
        },
    };
}
