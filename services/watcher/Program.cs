using Kublambda.Hosting;
using Kublambda.Kubernetes;
using Kublambda.Watcher;

var builder = WebApplication.CreateBuilder(args);
builder.AddKublambdaDefaults();
builder.Services.AddKubernetes().AddWatcher(builder.Configuration);

var app = builder.Build();
app.MapKublambdaDefaults();
await app.RunAsync();
