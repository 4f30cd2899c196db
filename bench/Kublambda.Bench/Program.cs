using System.CommandLine;
using Kublambda.Bench;

var runs = new Option<int>("--runs") { Description = "How often each thing is measured.", DefaultValueFactory = _ => 20 };
var results = new Option<DirectoryInfo>("--results")
{
    Description = "Where the JSON goes.",
    DefaultValueFactory = _ => new(Path.Combine("bench", "results")),
};
var kubeconfig = new Option<FileInfo>("--kubeconfig")
{
    Description = "KUBECONFIG, else .local/kubeconfig.",
    DefaultValueFactory = _ => new(Environment.GetEnvironmentVariable("KUBECONFIG") is { Length: > 0 } path ? path : Path.Combine(".local", "kubeconfig")),
};
var lifecycle = new Command("lifecycle", "From apply to the first 200, and from a change to the first new answer, beside a plain Deployment and a bare build pod.")
{
    runs, results, kubeconfig,
};
lifecycle.SetAction((arguments, cancellation) => OnClusterAsync(arguments, async cluster =>
{
    await using var bench = await LifecycleBench.StartAsync(cluster, cancellation);
    var report = Report.Of(await bench.RunAsync(arguments.GetRequiredValue(runs), cancellation), await Machine.ReadAsync(cluster, cancellation));
    Console.WriteLine(report.Table());
    return await report.WriteAsync(arguments.GetRequiredValue(results), cancellation);
}));
var registry = new Option<Uri>("--registry")
{
    Description = "The registry, as this machine reaches it.",
    DefaultValueFactory = _ => new("http://127.0.0.1:30500/"),
};
var builds = new Command("builds", "Builds by every pipeline that runs here, first ones and after a change of one line, beside a bare build pod.")
{
    runs, results, kubeconfig, registry,
};
builds.SetAction((arguments, cancellation) => OnClusterAsync(arguments, async cluster =>
{
    await using var bench = await BuildBench.StartAsync(cluster, arguments.GetRequiredValue(registry), cancellation);
    var report = BuildReport.Of(await bench.RunAsync(arguments.GetRequiredValue(runs), cancellation), await Machine.ReadAsync(cluster, cancellation));
    Console.WriteLine(report.Table());
    return await report.WriteAsync(arguments.GetRequiredValue(results), cancellation);
}));
var objects = new Option<int>("--objects") { Description = "Objects of the kind, for the memory.", DefaultValueFactory = _ => 5_000 };
var watch = new Command("watch", "A resource trigger beside a bare kubectl get -w: added latency, events in a second, memory.") { results, kubeconfig, objects };
watch.SetAction((arguments, cancellation) => OnClusterAsync(arguments, async cluster =>
{
    await using var bench = await WatchBench.StartAsync(cluster, cancellation);
    var figures = await bench.RunAsync(paced: 400, burst: 4_000, arguments.GetRequiredValue(objects), cancellation);
    var report = WatchReport.Of(figures, await Machine.ReadAsync(cluster, cancellation));
    Console.WriteLine(report.Table());
    return await report.WriteAsync(arguments.GetRequiredValue(results), cancellation);
}));
var lambdas = new Option<int>("--lambdas") { Description = "Lambdas with 20 triggers each.", DefaultValueFactory = _ => 25 };
var triggers = new Command("triggers", "Many triggers on one kind: memory and watches of one shared watcher, and of a watcher for each Lambda.") { results, kubeconfig, objects, lambdas };
triggers.SetAction((arguments, cancellation) => OnClusterAsync(arguments, async cluster =>
{
    await using var bench = await TriggersBench.StartAsync(cluster, cancellation);
    var figures = await bench.RunAsync(arguments.GetRequiredValue(lambdas), triggers: 20, arguments.GetRequiredValue(objects), cancellation);
    var report = TriggersReport.Of(figures, await Machine.ReadAsync(cluster, cancellation));
    Console.WriteLine(report.Table());
    return await report.WriteAsync(arguments.GetRequiredValue(results), cancellation);
}));
return await new RootCommand("Measures Kublambda beside baselines of the same machine and the same minute.") { lifecycle, builds, watch, triggers }.Parse(args).InvokeAsync();

async Task<int> OnClusterAsync(ParseResult arguments, Func<BenchCluster, Task<string>> measure)
{
    var file = arguments.GetRequiredValue(kubeconfig);
    if (!file.Exists)
    {
        await Console.Error.WriteLineAsync($"There is no cluster to measure: run `make up` first ({file.FullName} is not there).");
        return 1;
    }

    using var cluster = new BenchCluster(file.FullName);
    Console.WriteLine($"written to {await measure(cluster)}");
    return 0;
}
