using System.Diagnostics;
using System.Globalization;
using k8s.Models;

namespace Kublambda.E2E.Tests.Chaos;

/// <summary>
/// The processes of pods and of the control plane on this machine. Each is found by something that only it has (its
/// container's cgroup, its mark in the environment), so nothing else can be hit.
/// </summary>
internal static class Processes
{
    private const string LocalState = "/var/lib/kublambda-local";
    private const string Cgroups = "/sys/fs/cgroup";

    /// <summary>Whether the node runs on this machine, as processes one can kill.</summary>
    public static bool AreHere => Directory.Exists(LocalState);

    /// <summary>kill -9 to every process of the pod's containers; how many that were.</summary>
    public static int Kill(V1Pod pod)
    {
        var containers = (pod.Status.ContainerStatuses ?? []).Where(c => c.ContainerID is not null).Select(c => c.ContainerID.Split("//")[1]).ToList();
        var uid = pod.Metadata.Uid;
        var groups = Hierarchies().SelectMany(h => Directory.EnumerateDirectories(h, $"pod{uid}", SearchOption.AllDirectories))
            .SelectMany(d => Directory.EnumerateDirectories(d, "*", SearchOption.AllDirectories))
            .Where(d => containers.Exists(c => d.Contains(c, StringComparison.Ordinal)));
        return groups.SelectMany(Pids).Distinct().ToList().Count(Kill);
    }

    /// <summary>kill -9 to the API server; the cluster's own supervisor starts it again.</summary>
    public static bool KillApiServer()
    {
        const string name = "kube-apiserver";
        var pid = int.Parse(File.ReadAllText(Path.Combine(LocalState, "run", $"{name}.pid")), CultureInfo.InvariantCulture);
        // Pids are used again: the process itself has to say that it is the one.
        var environment = File.ReadAllText($"/proc/{pid}/environ").Split('\0');
        return environment.Contains($"KUBLAMBDA_NODE={name}") && Kill(pid);
    }

    /// <summary>Version 1 of cgroups has one tree for each resource, version 2 one for all.</summary>
    private static IEnumerable<string> Hierarchies() =>
        new[] { Path.Combine(Cgroups, "memory", "kublambda"), Path.Combine(Cgroups, "kublambda") }.Where(Directory.Exists);

    private static IEnumerable<int> Pids(string group)
    {
        var file = Path.Combine(group, "cgroup.procs");
        return File.Exists(file) ? File.ReadAllLines(file).Select(line => int.Parse(line, CultureInfo.InvariantCulture)) : [];
    }

    private static bool Kill(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
            return true;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }
}
