using k8s;
using k8s.Models;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>
/// A pod that serves what sources are fetched from: the git repository <c>app.git</c> by git's own <c>http-backend</c>, and the files below
/// <c>/files/</c>. It runs the builder's image, which has git, the shell and Perl, and is reached by the builder at the pod's address.
/// </summary>
public sealed class SourceServer
{
    private const string Name = "sources";

    // HTTP/1.0, a process for each request; the body of a request is what git's client sends, with its length.
    private const string Server = """
        use strict; use IO::Socket::INET; $SIG{CHLD} = 'IGNORE';
        my $listen = IO::Socket::INET->new(LocalPort => 8080, Listen => 64, ReuseAddr => 1) or die $!;
        while (1) {
          my $c = $listen->accept or next;
          if (fork) { close $c; next }
          $SIG{CHLD} = 'DEFAULT';
          my $line = sub { my $l = ''; while (sysread($c, my $b, 1)) { last if $b eq "\n"; $l .= $b } $l =~ s/\r$//; $l };
          my ($method, $url) = split / /, $line->(); my %h;
          while ((my $l = $line->()) ne '') { my ($k, $v) = split /:\s*/, $l, 2; $h{lc $k} = $v }
          my ($path, $query) = split /\?/, $url, 2;
          if ($path =~ m{^/files/([\w.-]+)$}) {
            if (open my $f, '<', "/data/files/$1") { print $c "HTTP/1.0 200 OK\r\nContent-Length: ", -s $f, "\r\n\r\n"; while (sysread $f, my $b, 65536) { print $c $b } }
            else { print $c "HTTP/1.0 404 Not Found\r\n\r\n" }
            close $c; exit;
          }
          @ENV{qw(GIT_PROJECT_ROOT GIT_HTTP_EXPORT_ALL PATH_INFO QUERY_STRING REQUEST_METHOD CONTENT_TYPE CONTENT_LENGTH HTTP_CONTENT_ENCODING GIT_PROTOCOL)} =
            ('/data', 1, $path, $query // '', $method, $h{'content-type'} // '', $h{'content-length'} // '', $h{'content-encoding'} // '', $h{'git-protocol'} // '');
          open STDIN, '<&', $c; open my $git, '-|', 'git', 'http-backend';
          my ($status, $headers) = ('200 OK', '');
          while (my $l = <$git>) { $l =~ s/\r?\n$//; last if $l eq ''; if ($l =~ /^Status: (.*)/) { $status = $1 } else { $headers .= "$l\r\n" } }
          print $c "HTTP/1.0 $status\r\n$headers\r\n"; while (read $git, my $b, 65536) { print $c $b }
          close $c; exit;
        }
        """;

    private readonly LambdaSpace _space;
    private readonly string _address;

    private SourceServer(LambdaSpace space, string address) => (_space, _address) = (space, address);

    /// <summary>Of its pod.</summary>
    public string Address => _address;

    public string GitUrl => $"http://{_address}:8080/app.git";

    public string FileUrl(string name) => $"http://{_address}:8080/files/{name}";

    /// <param name="space">Where.</param>
    /// <param name="with">Puts more into its pod, which has the repositories in the volume <c>data</c> and the label <c>app=sources</c>.</param>
    public static async Task<SourceServer> StartAsync(LambdaSpace space, Action<V1PodSpec>? with = null)
    {
        var builder = await space.Cluster.Api.AppsV1.ReadNamespacedDeploymentAsync("builder", Installation.Namespace);
        var pod = new V1Pod
        {
            Metadata = new() { Name = Name, Labels = new Dictionary<string, string> { ["app"] = Name } },
            Spec = new()
            {
                // The token of a namespace that was made just now may not be there yet, and it needs none.
                AutomountServiceAccountToken = false,
                TerminationGracePeriodSeconds = 0,
                Containers =
                [
                    new()
                    {
                        Name = Name,
                        Image = builder.Spec.Template.Spec.Containers[0].Image,
                        ImagePullPolicy = "IfNotPresent",
                        Command = ["/usr/bin/perl", "-e", Server],
                        Env =
                        [
                            new() { Name = "HOME", Value = "/data" }, new() { Name = "GIT_AUTHOR_NAME", Value = "Test" }, new() { Name = "GIT_AUTHOR_EMAIL", Value = "test@example.com" },
                            new() { Name = "GIT_COMMITTER_NAME", Value = "Test" }, new() { Name = "GIT_COMMITTER_EMAIL", Value = "test@example.com" },
                        ],
                        ReadinessProbe = new() { TcpSocket = new() { Port = 8080 }, PeriodSeconds = 1 },
                        VolumeMounts = [new() { Name = "data", MountPath = "/data" }],
                    },
                ],
                Volumes = [new() { Name = "data", EmptyDir = new() }],
            },
        };
        with?.Invoke(pod.Spec);
        await space.Cluster.Api.CoreV1.CreateNamespacedPodAsync(pod, space.Name);
        await space.KubectlAsync("wait", "--for=condition=Ready", "--timeout=60s", $"pod/{Name}");
        var server = new SourceServer(space, (await space.Cluster.Api.CoreV1.ReadNamespacedPodAsync(Name, space.Name)).Status.PodIP);
        await server.ShellAsync("git init -q --bare -b main /data/app.git && git init -q -b main /data/work && perl -e 'mkdir \"/data/files\"'");
        return server;
    }

    /// <summary>Commits a file to a branch and pushes it.</summary>
    /// <returns>The commit.</returns>
    public Task<string> CommitAsync(string branch, string path, string content) => ShellAsync(
        $"cd /data/work && printf %s \"$1\" > {path} && git add . && git commit -q --allow-empty -m change && git push -q --force /data/app.git HEAD:refs/heads/{branch} && git rev-parse HEAD", content);

    /// <summary>Packs the last commit, with so many bytes that do not compress beside it, as <c>/files/NAME</c>.</summary>
    /// <returns>Its SHA-256.</returns>
    public Task<string> PackAsync(string name, int noise) => ShellAsync(
        $"cd /data/work && perl -e 'open R, \"<\", \"/dev/urandom\"; open F, \">\", \"noise.bin\"; my $n = {noise}; while ($n > 0) {{ read R, my $b, $n < 65536 ? $n : 65536; print F $b; $n -= length $b }}'"
        + $" && git add . && git commit -q --allow-empty -m pack && git archive --format=tar.gz -o /data/files/{name} HEAD"
        + $" && perl -MDigest::SHA -e 'print Digest::SHA->new(256)->addfile(\"/data/files/{name}\")->hexdigest'");

    /// <summary>Runs a script in the pod.</summary>
    public async Task<string> ShellAsync(string script, params string[] arguments) =>
        (await _space.KubectlAsync(["exec", Name, "--", "/bin/sh", "-ec", script, "sh", .. arguments])).Trim();
}
