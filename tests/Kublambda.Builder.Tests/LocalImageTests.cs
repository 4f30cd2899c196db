using System.Diagnostics;
using System.Text.Json;
using Kublambda.Tests;

namespace Kublambda.Builder.Tests;

/// <summary>Images that <c>deploy/local</c> makes for the local cluster, as bases of builds.</summary>
public sealed class LocalImageTests
{
    [Fact]
    public async Task An_image_has_a_history_entry_for_each_layer_which_Kaniko_counts_on()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(Path.Combine(directory.Path, "a.tar"), "a", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(directory.Path, "b.tar"), "b", TestContext.Current.CancellationToken);
        var script = """set -euo pipefail; . deploy/local/oci.sh; layout x:1 '"User":"1"' "$1/out" "$1/a.tar" "$1/b.tar"; cat "$1/out/blobs/sha256/$(tail -n 1 "$1/out/digests" | cut -c8-)" """;
        var start = new ProcessStartInfo("bash", ["-c", script, "layout", directory.Path]) { WorkingDirectory = Checkout.Root(), RedirectStandardOutput = true };
        using var bash = Process.Start(start)!;
        using var config = JsonDocument.Parse(await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, bash.ExitCode);
        Assert.Equal(2, config.RootElement.GetProperty("rootfs").GetProperty("diff_ids").GetArrayLength());
        Assert.Equal(2, config.RootElement.GetProperty("history").GetArrayLength());
    }
}
