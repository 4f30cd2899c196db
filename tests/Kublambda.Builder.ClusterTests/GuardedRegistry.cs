using System.Text;
using System.Text.Json;
using k8s;
using k8s.Models;

namespace Kublambda.Builder.ClusterTests;

/// <summary>A registry of its own in a namespace, which asks for a password. It goes with the namespace.</summary>
internal sealed class GuardedRegistry(string host)
{
    private const string User = "kublambda";
    private const string Password = "correct-horse";

    /// <summary>bcrypt of <see cref="Password"/>: the only kind of hash that the registry takes.</summary>
    private const string PasswordFile = $"{User}:$2b$04$eUCoIb5sdFaH.jPbdaGsnuI9dpUK0u5NrV.BDmqSuKNHNolSJGUMS\n";
    private const string Settings = """
        version: 0.1
        http: {addr: ":5000"}
        storage: {filesystem: {rootdirectory: /data}}
        auth: {htpasswd: {realm: test, path: /files/htpasswd}}
        """;

    public string Host { get; } = host;

    /// <summary>In the format of <c>.dockerconfigjson</c>.</summary>
    public string Credentials { get; } = JsonSerializer.Serialize(new
    {
        auths = new Dictionary<string, object> { [host] = new { auth = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}")) } },
    });

    public static async Task<GuardedRegistry> StartAsync(Cluster cluster, string ns)
    {
        await cluster.Client.CoreV1.CreateNamespacedConfigMapAsync(
            new V1ConfigMap { Metadata = new() { Name = "guarded" }, Data = new Dictionary<string, string> { ["config.yml"] = Settings, ["htpasswd"] = PasswordFile } }, ns);
        await cluster.Client.CoreV1.CreateNamespacedPodAsync(
            new V1Pod
            {
                Metadata = new() { Name = "guarded" },
                Spec = new()
                {
                    TerminationGracePeriodSeconds = 1,
                    EnableServiceLinks = false,
                    Containers =
                    [
                        new()
                        {
                            Name = "registry",
                            Image = "localhost/kublambda/registry:dev",
                            Command = ["registry", "serve", "/files/config.yml"],
                            VolumeMounts = [new() { Name = "files", MountPath = "/files" }, new() { Name = "data", MountPath = "/data" }],
                            ReadinessProbe = new() { TcpSocket = new() { Port = 5000 }, PeriodSeconds = 1 },
                        },
                    ],
                    Volumes = [new() { Name = "files", ConfigMap = new() { Name = "guarded" } }, new() { Name = "data", EmptyDir = new() }],
                },
            },
            ns);
        V1Pod pod = null!;
        await Cluster.EventuallyAsync(
            async () => (pod = await cluster.Client.CoreV1.ReadNamespacedPodAsync("guarded", ns)).Status?.ContainerStatuses?.All(s => s.Ready) == true, "a registry with a password");
        return new GuardedRegistry($"{pod.Status.PodIP}:5000");
    }
}
