// Runs ThunderSTORM's own filter, detector and fitter on frames in a file, without a window.
// Executed as a single source file: java -cp <ThunderSTORM and its libraries> ThunderstormRunner.java
//   frames.u8 width height offset_adu sigma_px least_threshold emitters threads repeats out.csv
// The frames are raw bytes. A molecule's last column is its height in the filtered frame over
// std(Wave.F1), so that every threshold "k*std(Wave.F1)" above the least can be chosen later.
// Prints the seconds of each repeat after the first (warm) one.

import cz.cuni.lf1.lge.ThunderSTORM.detectors.LocalMaximaDetector;
import cz.cuni.lf1.lge.ThunderSTORM.estimators.LSQFitter;
import cz.cuni.lf1.lge.ThunderSTORM.estimators.MFA_LSQFitter;
import cz.cuni.lf1.lge.ThunderSTORM.estimators.MultipleLocationsImageFitting;
import cz.cuni.lf1.lge.ThunderSTORM.estimators.OneLocationFitter;
import cz.cuni.lf1.lge.ThunderSTORM.estimators.PSF.IntegratedSymmetricGaussianPSF;
import cz.cuni.lf1.lge.ThunderSTORM.estimators.PSF.Molecule;
import cz.cuni.lf1.lge.ThunderSTORM.estimators.PSF.PSFModel.Params;
import cz.cuni.lf1.lge.ThunderSTORM.filters.ui.CompoundWaveletFilterUI;
import cz.cuni.lf1.lge.ThunderSTORM.filters.ui.IFilterUI;
import cz.cuni.lf1.lge.ThunderSTORM.thresholding.Thresholder;
import cz.cuni.lf1.lge.ThunderSTORM.util.Graph;
import cz.cuni.lf1.lge.ThunderSTORM.util.Point;
import ij.process.FloatProcessor;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Vector;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

public final class ThunderstormRunner {
    private static final String SCALE = "std(Wave.F1)";
    private static final int FIT_RADIUS = 3;

    private static byte[] frames;
    private static int width;
    private static int height;
    private static float offset;
    private static double sigma;
    private static String threshold;
    private static int emitters;
    private static boolean keepHeights;

    public static void main(String[] args) throws Exception {
        frames = Files.readAllBytes(Path.of(args[0]));
        width = Integer.parseInt(args[1]);
        height = Integer.parseInt(args[2]);
        offset = Float.parseFloat(args[3]);
        sigma = Double.parseDouble(args[4]);
        threshold = args[5] + "*" + SCALE;
        emitters = Integer.parseInt(args[6]);
        int threads = Integer.parseInt(args[7]);
        int repeats = Integer.parseInt(args[8]);
        int count = frames.length / (width * height);

        List<IFilterUI> filters = Collections.singletonList((IFilterUI) new CompoundWaveletFilterUI());
        Thresholder.loadFilters(filters);
        Thresholder.setActiveFilter(0);

        ExecutorService pool = Executors.newFixedThreadPool(threads);
        List<double[]> rows = new ArrayList<>();
        for (int repeat = 0; repeat <= repeats; repeat++) {
            keepHeights = repeats == 0;
            long began = System.nanoTime();
            AtomicInteger next = new AtomicInteger();
            List<Future<List<double[]>>> parts = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                parts.add(pool.submit(() -> work(filters.get(0), next, count)));
            }
            rows.clear();
            for (Future<List<double[]>> part : parts) {
                rows.addAll(part.get());
            }
            if (repeat > 0) {
                System.out.println((System.nanoTime() - began) * 1e-9);
            }
        }
        pool.shutdown();
        try (PrintWriter out = new PrintWriter(args[9])) {
            out.println("frame,x_px,y_px,intensity_adu,threshold");
            for (double[] row : rows) {
                out.printf(
                    java.util.Locale.ROOT, "%d,%.5f,%.5f,%.3f,%.4f%n",
                    (int) row[0], row[1], row[2], row[3], row[4]);
            }
        }
    }

    private static List<double[]> work(IFilterUI filterUi, AtomicInteger next, int count)
            throws Exception {
        OneLocationFitter fitter = emitters > 1
            ? new MFA_LSQFitter(new IntegratedSymmetricGaussianPSF(sigma), sigma, emitters, 1e-6, true, null)
            : new LSQFitter(new IntegratedSymmetricGaussianPSF(sigma), true, Params.BACKGROUND);
        MultipleLocationsImageFitting estimator = new MultipleLocationsImageFitting(FIT_RADIUS, fitter);
        LocalMaximaDetector detector = new LocalMaximaDetector(Graph.CONNECTIVITY_8, threshold);
        List<double[]> rows = new ArrayList<>();
        for (int frame = next.getAndIncrement(); frame < count; frame = next.getAndIncrement()) {
            FloatProcessor image = image(frame);
            Thresholder.setCurrentImage(image);
            FloatProcessor filtered = Thresholder.getActiveFilter().filterImage(image);
            Vector<Point> spots = detector.detectMoleculeCandidates(filtered);
            if (keepHeights) {
                float scale = Thresholder.getThreshold(SCALE);
                for (Point spot : spots) {
                    Vector<Point> alone = new Vector<>(Collections.singletonList(spot));
                    store(rows, frame, estimator.estimateParameters(image, alone), spot.val.doubleValue() / scale);
                }
            } else {
                store(rows, frame, estimator.estimateParameters(image, spots), Double.NaN);
            }
        }
        return rows;
    }

    // what ThunderSTORM does to a frame before filtering: offset off, nothing below zero
    private static FloatProcessor image(int frame) {
        float[] pixels = new float[width * height];
        float least = 0;
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (frames[frame * pixels.length + i] & 0xff) - offset;
            least = Math.min(least, pixels[i]);
        }
        if (least < 0) {
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] -= least;
            }
        }
        return new FloatProcessor(width, height, pixels, null);
    }

    private static void store(List<double[]> rows, int frame, Vector<Molecule> fits, double height) {
        for (Molecule fit : fits) {
            rows.add(new double[] {frame, fit.getX(), fit.getY(), fit.getParam("intensity"), height});
        }
    }
}
