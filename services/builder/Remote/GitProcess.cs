using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;

namespace Kublambda.Builder.Remote;

/// <summary>How a git process ended.</summary>
/// <param name="Code">Its exit code.</param>
/// <param name="Output">What it wrote, unless that was read by the caller.</param>
/// <param name="Error">The end of what it complained of.</param>
internal sealed record GitResult(int Code, string Output, string Error);

/// <summary>Runs git in an environment of its own, for a bounded time and with a bounded directory.</summary>
/// <param name="directory">Where it works, and what it may fill.</param>
/// <param name="limit">Bytes that the directory may hold.</param>
/// <param name="idle">For how long it may stay as it is; null: for any time.</param>
internal sealed class GitProcess(string directory, long limit = Limits.GitBytes, TimeSpan? idle = null)
{
    private const int MaxText = 256 * 1024;
    private static readonly TimeSpan Watch = TimeSpan.FromMilliseconds(100);

    /// <param name="environment">All of its environment.</param>
    /// <param name="arguments">After git's own options. Text of a user comes after <c>--</c>, or is known to be no option.</param>
    /// <param name="cancellationToken">Ends it, with all that it started.</param>
    /// <exception cref="SourceRefusedException">Its directory outgrew <see cref="Limits.GitBytes"/>.</exception>
    public Task<GitResult> RunAsync(IReadOnlyDictionary<string, string> environment, IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        RunAsync<string>(environment, arguments, ReadTextAsync, (result, output) => result with { Output = output }, cancellationToken);

    /// <summary>Runs git, and gives what it writes to a reader.</summary>
    public async Task<(GitResult Result, T Read)> ReadAsync<T>(
        IReadOnlyDictionary<string, string> environment, IEnumerable<string> arguments, Func<Stream, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        T? value = default;
        var result = await RunAsync(environment, arguments, read, (r, v) => { value = v; return r; }, cancellationToken);
        return (result, value!);
    }

    private async Task<GitResult> RunAsync<T>(
        IReadOnlyDictionary<string, string> environment, IEnumerable<string> arguments, Func<Stream, CancellationToken, Task<T>> read,
        Func<GitResult, T, GitResult> finish, CancellationToken cancellationToken)
    {
        using var process = Start(environment, arguments);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Exception? fault = null;
#pragma warning disable CA2025 // Awaited below, before it is disposed of.
        var watch = WatchAsync(end, found => fault = found);
#pragma warning restore CA2025
        try
        {
            var error = ReadTextAsync(process.StandardError.BaseStream, end.Token);
            var output = await read(process.StandardOutput.BaseStream, end.Token);
            // What the reader left would keep git waiting.
            await process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, end.Token);
            var result = new GitResult(0, "", await error);
            await process.WaitForExitAsync(end.Token);
            return finish(result with { Code = process.ExitCode }, output);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw fault ?? TooLarge();
        }
        finally
        {
            await end.CancelAsync();
            await watch;
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }
    }

    private SourceRefusedException TooLarge() =>
        new($"The git repository is larger than {limit / (1024 * 1024)} MiB at this one commit. Take large files out of it, or pack what the function needs as an archive.");

    private Process Start(IReadOnlyDictionary<string, string> environment, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("git")
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        foreach (var argument in GitEnvironment.Bounds.Concat(arguments))
            start.ArgumentList.Add(argument);
        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception e)
        {
            throw new SourceUnavailableException($"git cannot be started: {e.Message}. The operator has to use an image of the builder that has it.");
        }
    }

    // git has no setting that bounds what it fetches.
    private async Task WatchAsync(CancellationTokenSource end, Action<Exception> found)
    {
        var (last, since) = (-1L, Stopwatch.GetTimestamp());
        while (!end.IsCancellationRequested)
        {
            var size = SizeOf(new DirectoryInfo(directory));
            if (size != last)
                (last, since) = (size, Stopwatch.GetTimestamp());
            var stuck = idle is { } most && Stopwatch.GetElapsedTime(since) > most;
            if (size > limit || stuck)
            {
                found(stuck ? Patience.SourceUnavailable("The git server", idle!.Value) : TooLarge());
                await end.CancelAsync();
                return;
            }

            await Task.Delay(Watch, end.Token).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private static long SizeOf(DirectoryInfo directory)
    {
        try
        {
            return directory.EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }).Sum(f => f.Length);
        }
        catch (IOException)
        {
            // A file went while it was looked at.
            return 0;
        }
    }

    private static async Task<string> ReadTextAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var text = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (text.Length < MaxText)
                await text.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
    }
}
