namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>Makes one look of many signals: a grain is asked to look a moment after the first signal, and again after a later one.</summary>
internal sealed class GrainSignal
{
    private readonly TimeSpan delay;
    private readonly IGrainTimer timer;
    private bool raised;

    /// <param name="interleave">The look may run while a call of the grain waits for another grain.</param>
    public GrainSignal(IGrainBase grain, TimeSpan delay, Func<Task> look, bool interleave = false)
    {
        this.delay = delay;
        timer = grain.RegisterGrainTimer(async _ =>
        {
            raised = false;
            await look();
        }, new GrainTimerCreationOptions
        {
            DueTime = Timeout.InfiniteTimeSpan,
            Period = Timeout.InfiniteTimeSpan,
            Interleave = interleave,
            KeepAlive = true,
        });
    }

    public void Raise()
    {
        if (raised)
            return;
        raised = true;
        timer.Change(delay, Timeout.InfiniteTimeSpan);
    }
}
