using System.Diagnostics;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>What a kubectl said.</summary>
public sealed record KubectlAnswer(int ExitCode, string Output, string Error)
{
    public string Everything => (Output + Error).Trim();
}

/// <summary>The user's own tool, as a process.</summary>
public sealed class Kubectl(string program, string kubeconfig)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private async Task<KubectlAnswer> RunWithAsync(string input, string[] arguments)
    {
        using var patience = new CancellationTokenSource(Patience);
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["KUBECONFIG"] = kubeconfig;
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} does not start");
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(patience.Token);
            var error = process.StandardError.ReadToEndAsync(patience.Token);
            await process.StandardInput.WriteAsync(input.AsMemory(), patience.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(patience.Token);
            return new(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return new(-1, "", $"kubectl {string.Join(' ', arguments)} did not end within {Patience.TotalSeconds} s");
        }
    }

    /// <summary>Runs to the end, whatever the exit code.</summary>
    public Task<KubectlAnswer> TryAsync(params string[] arguments) => RunWithAsync("", arguments);

    /// <summary>The output; an exit code other than 0 fails the test with what kubectl said.</summary>
    public async Task<string> RunAsync(params string[] arguments) => Succeeded(await RunWithAsync("", arguments), arguments);

    public async Task<string> ApplyAsync(string manifest)
    {
        string[] arguments = ["apply", "-f", "-"];
        return Succeeded(await RunWithAsync(manifest, arguments), arguments);
    }

    /// <summary>Deletes what the manifest names; what is not there is no error.</summary>
    public async Task<string> DeleteAsync(string manifest)
    {
        string[] arguments = ["delete", "--ignore-not-found", "-f", "-"];
        return Succeeded(await RunWithAsync(manifest, arguments), arguments);
    }

    private static string Succeeded(KubectlAnswer answer, string[] arguments)
    {
        if (answer.ExitCode != 0)
            Assert.Fail($"kubectl {string.Join(' ', arguments)} ended with {answer.ExitCode}: {answer.Everything}");
        return answer.Output;
    }
}
