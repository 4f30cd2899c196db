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
lifecycle.SetAction(async (arguments, cancellation) =>
{
    var file = arguments.GetRequiredValue(kubeconfig);
    if (!file.Exists)
    {
        await Console.Error.WriteLineAsync($"There is no cluster to measure: run `make up` first ({file.FullName} is not there).");
        return 1;
    }

    using var cluster = new BenchCluster(file.FullName);
    await using var bench = await LifecycleBench.StartAsync(cluster, cancellation);
    var samples = await bench.RunAsync(arguments.GetRequiredValue(runs), cancellation);
    var report = Report.Of(samples, await Machine.ReadAsync(cluster, cancellation));
    Console.WriteLine(report.Table());
    Console.WriteLine($"written to {await report.WriteAsync(arguments.GetRequiredValue(results), cancellation)}");
    return 0;
});
var registry = new Option<Uri>("--registry")
{
    Description = "The registry, as this machine reaches it.",
    DefaultValueFactory = _ => new("http://127.0.0.1:30500/"),
};
var builds = new Command("builds", "Builds by every pipeline that runs here, first ones and after a change of one line, beside a bare build pod.")
{
    runs, results, kubeconfig, registry,
};
builds.SetAction(async (arguments, cancellation) =>
{
    var file = arguments.GetRequiredValue(kubeconfig);
    if (!file.Exists)
    {
        await Console.Error.WriteLineAsync($"There is no cluster to measure: run `make up` first ({file.FullName} is not there).");
        return 1;
    }

    using var cluster = new BenchCluster(file.FullName);
    await using var bench = await BuildBench.StartAsync(cluster, arguments.GetRequiredValue(registry), cancellation);
    var samples = await bench.RunAsync(arguments.GetRequiredValue(runs), cancellation);
    var report = BuildReport.Of(samples, await Machine.ReadAsync(cluster, cancellation));
    Console.WriteLine(report.Table());
    Console.WriteLine($"written to {await report.WriteAsync(arguments.GetRequiredValue(results), cancellation)}");
    return 0;
});
return await new RootCommand("Measures Kublambda beside baselines of the same machine and the same minute.") { lifecycle, builds }.Parse(args).InvokeAsync();
