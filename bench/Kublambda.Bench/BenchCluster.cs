using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using k8s;
using k8s.Models;

namespace Kublambda.Bench;

/// <summary>The cluster as a user has it: kubectl to write, HTTP to call; the API to look.</summary>
internal sealed class BenchCluster(string kubeconfig) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Each call opens its own connection: a kept one would stay with the pod it first reached. It is given up early: up to
    /// Kubernetes 1.22 kube-proxy listens on node ports itself, to keep them, and a connection that comes in between two of its
    /// tables is taken and never answered.
    /// </summary>
    private readonly HttpClient http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero }) { Timeout = TimeSpan.FromMilliseconds(500) };

    public IKubernetes Api { get; } = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig));

    /// <summary>A namespace of this run.</summary>
    public async Task<string> NamespaceAsync(CancellationToken cancellation)
    {
        var name = $"bench-{Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..6]}";
        await Api.CoreV1.CreateNamespaceAsync(new V1Namespace { Metadata = new() { Name = name } }, cancellationToken: cancellation);
        return name;
    }

    /// <returns>What it printed.</returns>
    public Task<string> KubectlAsync(string input, CancellationToken cancellation, params string[] arguments) =>
        RunAsync(KubectlProgram, input, cancellation, arguments);

    /// <summary>A program with the KUBECONFIG of this cluster.</summary>
    /// <returns>What it printed.</returns>
    public async Task<string> RunAsync(string program, string input, CancellationToken cancellation, params string[] arguments)
    {
        var start = Start(program, arguments);
        (start.RedirectStandardInput, start.RedirectStandardError) = (true, true);
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} does not start");
        await process.StandardInput.WriteAsync(input.AsMemory(), cancellation).ConfigureAwait(false);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var error = await process.StandardError.ReadToEndAsync(cancellation).ConfigureAwait(false);
        var said = await output.ConfigureAwait(false);
        await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        return process.ExitCode == 0 ? said : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {error}");
    }

    /// <summary>A kubectl that runs until it is disposed of; its lines go to <paramref name="line"/>.</summary>
    public Following Follow(Action<string> line, params string[] arguments)
    {
        var process = new Following { StartInfo = Start(KubectlProgram, arguments) };
        process.OutputDataReceived += (_, read) => line(read.Data ?? "");
        process.Start();
        process.BeginOutputReadLine();
        return process;
    }

    /// <summary>What a function answers, in calls that may take long.</summary>
    public static async Task<string> GetAsync(Uri url, CancellationToken cancellation)
    {
        using var patient = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        return await patient.GetStringAsync(url, cancellation).ConfigureAwait(false);
    }

    /// <summary>Calls until the answer is this text.</summary>
    public Task AnswersAsync(Uri url, string text, CancellationToken cancellation) =>
        UntilAsync($"{url} to answer {text}", async () => await TryGetAsync(url, cancellation).ConfigureAwait(false) == text ? text : null, cancellation);

    /// <summary>Looks every few milliseconds until there is something.</summary>
    public static async Task<T> UntilAsync<T>(string what, Func<Task<T?>> look, CancellationToken cancellation, TimeSpan? patience = null) where T : class
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < (patience ?? Patience))
        {
            if (await look().ConfigureAwait(false) is { } found)
                return found;
            await Task.Delay(Pause, cancellation).ConfigureAwait(false);
        }

        throw new TimeoutException($"waited {(patience ?? Patience).TotalMinutes} min for {what}");
    }

    public void Dispose()
    {
        Api.Dispose();
        http.Dispose();
    }

    /// <summary>MiB of the working sets of these pods together, as the kubelet counts them.</summary>
    public async Task<double> MemoryAsync(IReadOnlyCollection<V1Pod> pods, CancellationToken cancellation)
    {
        // It looks every ten seconds or so.
        await Task.Delay(TimeSpan.FromSeconds(20), cancellation);
        var uids = pods.Select(pod => pod.Metadata.Uid).ToHashSet(StringComparer.Ordinal);
        var bytes = 0.0;
        foreach (var node in pods.Select(pod => pod.Spec.NodeName).Distinct())
        {
            using var summary = JsonDocument.Parse(await KubectlAsync("", cancellation, "get", "--raw", $"/api/v1/nodes/{node}/proxy/stats/summary"));
            bytes += summary.RootElement.GetProperty("pods").EnumerateArray().Where(p => uids.Remove(p.GetProperty("podRef").GetProperty("uid").GetString()!))
                .Sum(p => p.GetProperty("containers")[0].GetProperty("memory").GetProperty("workingSetBytes").GetDouble());
        }

        return uids.Count == 0 ? Math.Round(bytes / 1024 / 1024, 1) : throw new InvalidOperationException($"The kubelet does not know {uids.Count} of the pods.");
    }

    private static string KubectlProgram => Environment.GetEnvironmentVariable("KUBECTL") ?? "kubectl";

    private ProcessStartInfo Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        start.Environment["KUBECONFIG"] = kubeconfig;
        return start;
    }

    private async Task<string?> TryGetAsync(Uri url, CancellationToken cancellation)
    {
        try
        {
            using var response = await http.GetAsync(url, cancellation).ConfigureAwait(false);
            return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false) : null;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>A process that ends when it is disposed of.</summary>
    internal sealed class Following : Process
    {
        /// <summary>What it has in memory.</summary>
        public double ResidentMiB
        {
            get
            {
                Refresh();
                return Math.Round(WorkingSet64 / 1024.0 / 1024, 1);
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing && !HasExited)
                Kill();
            base.Dispose(disposing);
        }
    }
}
