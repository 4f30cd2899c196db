namespace Kublambda.Contracts;

/// <summary>Reasons of conditions, and of the Kubernetes Events that go with them.</summary>
public static class Reasons
{
    // Accepted
    /// <summary>The spec is valid.</summary>
    public const string Valid = "Valid";
    /// <summary>The spec breaks a rule that the schema cannot say; the message names field and remedy.</summary>
    public const string Invalid = "Invalid";
    /// <summary>The spec uses a field whose stage this version does not have.</summary>
    public const string NotSupported = "NotSupported";
    /// <summary>The object could not be read as a Lambda at all.</summary>
    public const string Malformed = "Malformed";

    // Built
    /// <summary>The builder has been asked.</summary>
    public const string BuildPending = "BuildPending";
    /// <summary>All places for builds are taken; the message has the Lambda's place in the queue.</summary>
    public const string BuildQueued = "BuildQueued";
    /// <summary>A build pod runs; the message names the step.</summary>
    public const string Building = "Building";
    public const string BuildSucceeded = "BuildSucceeded";
    /// <summary>The build pod failed; the message ends with the last lines of its log.</summary>
    public const string BuildFailed = "BuildFailed";
    /// <summary>The build took longer than <c>spec.build.timeoutSeconds</c>.</summary>
    public const string BuildTimeout = "BuildTimeout";
    public const string BuildOutOfMemory = "BuildOutOfMemory";
    public const string BuildEvicted = "BuildEvicted";
    /// <summary>The image of a step of the build pod cannot be pulled: the operator's to mend.</summary>
    public const string BuildImageUnavailable = "BuildImageUnavailable";
    /// <summary>The build pod could not be created: quota, admission.</summary>
    public const string BuildPodRejected = "BuildPodRejected";
    /// <summary>The source is refused: empty, unreadable, over a limit, or hostile. The message says which.</summary>
    public const string SourceInvalid = "SourceInvalid";
    /// <summary>The archive behind the URL is another one than <c>sha256</c> says.</summary>
    public const string SourceChecksumMismatch = "SourceChecksumMismatch";
    /// <summary>The URL, or where it redirects to, leads to an address that may not be fetched from.</summary>
    public const string SourceAddressForbidden = "SourceAddressForbidden";
    /// <summary>The server of the source does not answer as it should; tried again by itself.</summary>
    public const string SourceUnavailable = "SourceUnavailable";
    /// <summary>The server of the source refuses the credentials, or wants some.</summary>
    public const string SourceUnauthorized = "SourceUnauthorized";
    /// <summary>A ConfigMap, Secret, key, file or git revision that the source names is not there (yet).</summary>
    public const string SourceNotFound = "SourceNotFound";
    /// <summary>The registry does not answer, or not as it should.</summary>
    public const string RegistryUnavailable = "RegistryUnavailable";
    /// <summary>The registry refuses the credentials, or what they may do (401, 403): the operator's to mend.</summary>
    public const string RegistryDenied = "RegistryDenied";
    /// <summary>The registry has no room: its disk is full, or a quota used up. The operator's to mend.</summary>
    public const string RegistryFull = "RegistryFull";
    public const string UnknownPipeline = "UnknownPipeline";
    /// <summary>No buildpack of the builder recognises the source.</summary>
    public const string BuildpackNotDetected = "BuildpackNotDetected";
    /// <summary>The builder image and its lifecycle or buildpacks do not fit together: the operator's to mend.</summary>
    public const string BuilderIncompatible = "BuilderIncompatible";

    // Deployed
    public const string DeploymentPending = "DeploymentPending";
    public const string RollingOut = "RollingOut";
    public const string DeploymentSucceeded = "DeploymentSucceeded";
    /// <summary>The API server refused an object of the Lambda; the message carries its words.</summary>
    public const string ApplyFailed = "ApplyFailed";
    /// <summary>An object of the needed name exists and is not ours: it is left alone.</summary>
    public const string NameTaken = "NameTaken";
    /// <summary>The node cannot pull the image.</summary>
    public const string ImagePullFailed = "ImagePullFailed";
    /// <summary>The handler that <c>spec.handler</c> names is not in the code.</summary>
    public const string HandlerNotFound = "HandlerNotFound";
    /// <summary>The code could not be loaded: syntax error, missing module, exception at load.</summary>
    public const string LoadFailed = "LoadFailed";
    /// <summary>The process ends again and again.</summary>
    public const string CrashLoop = "CrashLoop";
    /// <summary>The process runs and does not listen, or its readiness probe fails.</summary>
    public const string NotListening = "NotListening";
    /// <summary>The code blocked the event loop for longer than the request timeout.</summary>
    public const string Unresponsive = "Unresponsive";
    public const string OutOfMemory = "OutOfMemory";
    /// <summary>No node has room for a pod.</summary>
    public const string Unschedulable = "Unschedulable";
    /// <summary>Pods cannot be created: quota, admission, missing ServiceAccount.</summary>
    public const string PodRejected = "PodRejected";
    /// <summary>A Secret, ConfigMap or key that <c>spec.env</c> names is not there.</summary>
    public const string ConfigNotFound = "ConfigNotFound";

    // Ready
    public const string Ready = "Ready";
    /// <summary>The host and path of an HTTP trigger are those of another Lambda.</summary>
    public const string HostTaken = "HostTaken";
    /// <summary>A resource trigger starts.</summary>
    public const string TriggerPending = "TriggerPending";
    /// <summary>No API of the cluster has the kind that a resource trigger names; looked for again and again.</summary>
    public const string KindNotFound = "KindNotFound";
    /// <summary>The installation's policy, or its rights, do not let this Lambda watch those objects.</summary>
    public const string TriggerForbidden = "TriggerForbidden";
    /// <summary>The watcher of a resource trigger does not run, or cannot watch.</summary>
    public const string TriggerFailing = "TriggerFailing";
    /// <summary>Of Kubernetes Events alone: a resource trigger watches.</summary>
    public const string TriggerReady = "TriggerReady";
    /// <summary>Of Kubernetes Events alone: the function did not take an event, which is among the dead letters now.</summary>
    public const string EventGivenUp = "EventGivenUp";

    // Terminating
    public const string CleaningUp = "CleaningUp";
    /// <summary>Build pods still run and are being ended.</summary>
    public const string BuildsEnding = "BuildsEnding";
    /// <summary>RabbitMQ's management API does not answer, or refuses: the queues of resource triggers cannot be deleted.</summary>
    public const string BrokerUnavailable = "BrokerUnavailable";
    /// <summary>The registry does not allow deletion (405): the operator's to mend.</summary>
    public const string DeletionDisabled = "DeletionDisabled";
}
